import Glibc

/// Notices that the host's clock was set. Times that are waited for in memory then move with it: a retry that was due in
/// two seconds is due in two seconds still. Pure: the Launcher brings both clocks' times.
package struct ClockWatch: Sendable {
    /// What a clock is allowed to be off between two looks: it may be slewed, and the two are not read at one moment.
    static let tolerance: Int64 = 1000

    private var offset: Int64

    /// - Parameters:
    ///   - real: milliseconds since the epoch.
    ///   - steady: milliseconds of a clock that nobody sets.
    package init(real: Int64, steady: Int64) { offset = real - steady }

    /// By how many milliseconds the clock was set since the last look, forward or back; 0 when it was not.
    package mutating func shift(real: Int64, steady: Int64) -> Int64 {
        let change = real - steady - offset
        offset += change
        return abs(change) > Self.tolerance ? change : 0
    }

    /// Milliseconds that go on also while the host sleeps.
    package static func steadyTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
