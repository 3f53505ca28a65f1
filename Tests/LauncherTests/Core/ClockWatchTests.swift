import Testing

@testable import Launcher

@Suite struct ClockWatchTests {
    /// Looks at both clocks, and what the watch says of each.
    @Test(arguments: [
        (looks: [(1000, 10, 0), (61_000, 60_010, 0)], what: "a clock that goes on"),
        ([(1900, 10, 0), (2800, 20, 0), (3700, 30, 0)], "a clock that is slewed, each time by less than a second"),
        ([(86_401_000, 10, 86_400_000), (86_461_000, 60_010, 0)], "set forward by a day"),
        ([(-86_399_000, 10, -86_400_000), (-86_398_000, 1010, 0)], "set back by a day"),
        ([(3_601_000, 10, 3_600_000), (1000, 20, -3_600_010)], "forward and back"),
    ])
    func itTellsByHowMuchTheClockWasSet(looks: [(real: Int64, steady: Int64, shift: Int64)], what: String) {
        var watch = ClockWatch(real: 1000, steady: 10)
        for look in looks {
            // The two clocks are a few milliseconds apart where the table's times are round.
            #expect(abs(watch.shift(real: look.real, steady: look.steady) - look.shift) <= 10, "\(what)")
        }
    }
}
