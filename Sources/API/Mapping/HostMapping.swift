import Configuration
import Launcher
import Store
import Wire

extension ReloadView {
    init(_ report: ReloadReport) {
        self.init(
            added: report.added, changed: report.changed, removed: report.removed,
            problems: report.problems.map {
                Finding(file: $0.file, line: $0.line, column: $0.column, message: $0.message)
            })
    }
}

extension ExplanationView {
    init(_ explanation: Explanation) {
        self.init(
            reference: explanation.reference, summary: explanation.summary,
            facts: explanation.facts.map { Fact(kind: $0.kind, text: $0.text, values: $0.values) })
    }
}

extension StatisticsView.Task {
    init(_ statistics: TaskStatistics) {
        let ended = statistics.ended.values.reduce(0, +)
        self.init(
            task: statistics.task, waiting: statistics.waiting, running: statistics.running, ended: statistics.ended,
            meanMilliseconds: ended > 0 ? statistics.milliseconds / Int64(ended) : nil)
    }
}
