/// Bounds the lines that clients can cause: the library complains about each malformed request, and a hostile Script
/// can send any number of them.
struct LogBudget {
    /// Lines in one period.
    let lines: Int
    let period: Duration
    private var begun: ContinuousClock.Instant?
    private var written = 0
    private var dropped = 0

    init(lines: Int = 20, period: Duration = .seconds(60)) {
        self.lines = lines
        self.period = period
    }

    /// - Returns: nil when the line is to be dropped, else how many were dropped before it.
    mutating func admit(at now: ContinuousClock.Instant) -> Int? {
        if begun.map({ $0.duration(to: now) >= period }) ?? true {
            begun = now
            written = 0
        }
        guard written < lines else {
            dropped += 1
            return nil
        }
        written += 1
        defer { dropped = 0 }
        return dropped
    }
}
