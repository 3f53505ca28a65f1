import Testing
import Wire

@testable import Command

/// The tables of `altp stats` and `altp causes`.
@Suite struct FigureTextTests {
    private func group(
        _ task: String?, script: String? = nil, count: Int64 = 4, rate: Double? = 0.75, memory: DistributionView? = nil
    ) -> StatisticsGroupView {
        let times = DistributionView(count: 4, mean: 900, p50: 800, p90: 4200, p99: 61_000, max: 7_500_000)
        return StatisticsGroupView(
            task: task, script: script, day: nil, outcome: nil, count: count, outcomes: ["success": 3, "hard": 1],
            successRate: rate, perHour: 1.256, duration: times, memoryPeak: memory, queueWait: times,
            cpuMilliseconds: nil, diskPeak: nil)
    }

    private func view(
        _ groups: [StatisticsGroupView], tasks: [StatisticsView.Task] = [], counted: String = "processings"
    ) -> StatisticsView {
        StatisticsView(
            tasks: tasks, counted: counted, since: nil, until: nil, relativeError: 0.0625, groups: groups)
    }

    private func text(_ table: Table) -> String { table.render(width: nil, style: Style(isOn: false)) }

    @Test func tasksOfWhichNothingEndedAreThere() {
        let tasks = [
            StatisticsView.Task(task: "idle", waiting: 3, running: 1, ended: [:], meanMilliseconds: nil)
        ]
        #expect(
            text(Statistics.tasks(view([group("scene")], tasks: tasks))) == """
                TASK   WAITING  RUNNING  ENDED   OK    P50   P90    P99    MAX  WAIT P50  WAIT P99  PER HOUR  OUTCOMES
                idle         3        1      0    -      -     -      -      -         -         -         -
                scene        0        0      4  75%  800ms  4.2s  1m01s  2h05m     800ms     1m01s      1.25  success 3, hard 1

                """)
    }

    @Test func memoryIsShownWhereItIsKnown() {
        let memory = DistributionView(count: 1, mean: 1, p50: 1 << 20, p90: 1, p99: 5 << 20, max: 1 << 30)
        let table = text(
            Statistics.table(
                view([
                    group("scene", script: "load", rate: 0.9996, memory: memory),
                    group("scene", script: "mix", rate: nil),
                ])
            ))
        #expect(table.contains("TASK   SCRIPT  ENDED     OK"))
        #expect(table.contains("99.9%"))
        #expect(table.contains("1.0M     5.0M     1.0G"))
    }

    @Test func keysAreReadFromOneWord() {
        #expect(Statistics.Keys(argument: "task,day")?.keys == [.task, .day])
        for wrong in ["", "week", "task,", ",task", "task day"] { #expect(Statistics.Keys(argument: wrong) == nil) }
    }

    @Test func failuresAndCausesAreOneSentence() {
        let cause = CauseView(
            fingerprint: "f", task: "t", script: "s", outcome: "hard", pattern: "p", sample: "s", processings: 1,
            attempts: 1, firstSeen: Timestamp(milliseconds: 0), lastSeen: Timestamp(milliseconds: 0))
        let cases: [(CausesView, String)] = [
            (CausesView(failures: 142, attempts: 150, causes: 2, items: [cause, cause]), "142 failures, 2 causes."),
            (CausesView(failures: 1, attempts: 1, causes: 1, items: [cause]), "1 failure, 1 cause."),
            (CausesView(failures: 0, attempts: 0, causes: 0, items: []), "0 failures, 0 causes."),
            (
                CausesView(failures: 9, attempts: 9, causes: 3, items: [cause]),
                "9 failures, 3 causes (1 shown; --limit for more)."
            ),
        ]
        for (view, text) in cases { #expect(Causes.summary(view) == text) }
    }
}
