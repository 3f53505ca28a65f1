import Configuration
import Launcher
import Testing

struct TicksTests {
    private let minute: Int64 = 60_000
    private let hour: Int64 = 3_600_000

    private func every(_ interval: Int64, last: Int64?, now: Int64) -> Ticks {
        Ticks(schedule: .every(interval), last: last, now: now)
    }

    @Test func firstTickAtStartUp() {
        var ticks = every(minute, last: nil, now: 1000)
        #expect(ticks.check(now: 1000, running: 0, maxRunning: nil) == .fire)
        #expect(ticks.last == 1000)
        #expect(ticks.check(now: 1000, running: 0, maxRunning: nil) == .wait(until: 61_000))
        #expect(ticks.check(now: 60_999, running: 0, maxRunning: nil) == .wait(until: 61_000))
    }

    @Test func oneIntervalAfterTheStoredTick() {
        var ticks = every(minute, last: 1000, now: 30_000)
        #expect(ticks.check(now: 30_000, running: 0, maxRunning: nil) == .wait(until: 61_000))
        // A few milliseconds late: the next one is not late again.
        #expect(ticks.check(now: 61_007, running: 0, maxRunning: nil) == .fire)
        #expect(ticks.next(now: 61_007) == 121_000)
    }

    @Test func missedTicksCollapse() {
        var ticks = every(minute, last: 0, now: 10 * hour + 5)
        #expect(ticks.check(now: 10 * hour + 5, running: 0, maxRunning: nil) == .fire)
        #expect(ticks.check(now: 10 * hour + 5, running: 0, maxRunning: nil) == .wait(until: 10 * hour + 5 + minute))
    }

    @Test(
        arguments: [
            (0, nil, .fire), (1, nil, .skip(running: 1, limit: 1)), (1, 1, .skip(running: 1, limit: 1)), (1, 2, .fire),
            (2, 2, .skip(running: 2, limit: 2)),
        ] as [(Int, Int?, Ticks.Check)])
    func overlap(running: Int, maxRunning: Int?, expected: Ticks.Check) {
        var ticks = every(minute, last: 0, now: minute)
        #expect(ticks.check(now: minute, running: running, maxRunning: maxRunning) == expected)
        // A skipped tick is over: it does not come as soon as the other ends.
        #expect(ticks.check(now: minute + 1, running: 0, maxRunning: maxRunning) == .wait(until: 2 * minute))
    }

    @Test func clockSetBackDoesNotStopTheTicks() {
        var ticks = every(minute, last: 10 * hour, now: 10 * hour)
        let back = 2 * hour
        #expect(ticks.check(now: back, running: 0, maxRunning: nil) == .wait(until: back + minute))
        #expect(ticks.check(now: back + minute / 2, running: 0, maxRunning: nil) == .wait(until: back + minute))
        #expect(ticks.check(now: back + minute, running: 0, maxRunning: nil) == .fire)
    }

    @Test func cron() throws {
        let schedule = Ticks.Schedule.cron(try CronExpression(parsing: "0 * * * *"), .utc)
        // Nothing was due before the Task was seen.
        var ticks = Ticks(schedule: schedule, last: nil, now: 10 * hour + 1)
        #expect(ticks.check(now: 10 * hour + 1, running: 0, maxRunning: nil) == .wait(until: 11 * hour))
        #expect(ticks.check(now: 11 * hour, running: 0, maxRunning: nil) == .fire)
        #expect(ticks.check(now: 11 * hour, running: 0, maxRunning: nil) == .wait(until: 12 * hour))
        // Down for a day: once.
        ticks = Ticks(schedule: schedule, last: ticks.last, now: 35 * hour + 5)
        #expect(ticks.check(now: 35 * hour + 5, running: 0, maxRunning: nil) == .fire)
        #expect(ticks.check(now: 35 * hour + 5, running: 0, maxRunning: nil) == .wait(until: 36 * hour))
        // A small correction does not repeat what ran, a large one starts afresh.
        #expect(ticks.check(now: 34 * hour - 1, running: 0, maxRunning: nil) == .wait(until: 36 * hour))
        #expect(ticks.check(now: 20 * hour + 1, running: 0, maxRunning: nil) == .wait(until: 21 * hour))
    }

    @Test func schedules() throws {
        #expect(try Ticks.Schedule(.manual) == nil)
        #expect(try Ticks.Schedule(.event("x")) == nil)
        #expect(try Ticks.Schedule(.every(Timespan(seconds: 1))) != nil)
        #expect(try Ticks.Schedule(.cron(expression: "@daily", timezone: "UTC")) != nil)
        let error = #expect(throws: ScheduleError.self) {
            try Ticks.Schedule(.cron(expression: "@daily", timezone: "../x"))
        }
        #expect(
            error?.description == "`../x` is not the name of a time zone; expected one such as Europe/Berlin or UTC")
    }
}
