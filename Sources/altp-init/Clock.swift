import Glibc

enum Clock {
    /// Since boot, also while the host is suspended: for limits.
    static func milliseconds() -> Int64 { read(CLOCK_BOOTTIME) }

    /// Since the epoch: for the record.
    static func realMilliseconds() -> Int64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
