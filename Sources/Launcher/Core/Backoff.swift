package import Configuration

extension Retry {
    /// How long to wait before attempt `number`, counted from 1 within the current run of the Script; 0 before the first.
    /// The second waits `delay`, each later one `backoff` times as long, none longer than `maxDelay`.
    package func delay(beforeAttempt number: Int) -> Timespan {
        guard number > 1 else { return Timespan(milliseconds: 0) }
        var milliseconds = Double(max(0, delay.milliseconds))
        let ceiling = Double(max(0, maxDelay.milliseconds))
        // Stops at the ceiling, or where it no longer grows, rather than after `number` rounds.
        var remaining = number - 2
        while remaining > 0, milliseconds < ceiling, milliseconds > 0, backoff != 1 {
            milliseconds *= max(0, backoff)
            remaining -= 1
        }
        return milliseconds < ceiling ? Timespan(milliseconds: Int64(milliseconds)) : maxDelay
    }
}
