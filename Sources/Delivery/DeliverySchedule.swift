/// When a delivery is tried again. Pure.
package struct DeliverySchedule: Sendable, Hashable {
    /// What came of a try.
    package enum Result: Sendable, Hashable {
        case delivered
        /// Worth another try, after so many milliseconds at least where the receiver says so.
        case failed(notBefore: Int64?)
        /// Not worth another.
        case refused
    }

    package enum Next: Sendable, Hashable {
        case done
        case again(at: Int64)
        case givenUp
    }

    private static let first: Int64 = 5_000
    private static let factor: Int64 = 3
    private static let longest: Int64 = 3_600_000

    /// How long it is tried, milliseconds.
    package var patience: Int64

    package init(patience: Int64) { self.patience = patience }

    /// - Parameters:
    ///   - tries: with this one.
    ///   - begun: when it was first due.
    ///   - jitter: from 0 to 1, so that those who failed together do not come together again.
    package func next(after result: Result, tries: Int, begun: Int64, now: Int64, jitter: Double) -> Next {
        guard case .failed(let notBefore) = result else { return result == .delivered ? .done : .givenUp }
        var wait = Self.first
        for _ in 1..<max(1, min(tries, 10)) { wait = min(wait * Self.factor, Self.longest) }
        wait = Int64(Double(wait) * (0.8 + 0.4 * min(max(jitter, 0), 1)))
        // A receiver that asks for a day is asked again all the same.
        wait = max(wait, min(notBefore ?? 0, Self.longest))
        let end = begun + patience
        // The last try is at the end of the time, not somewhere before it.
        if now + wait > end { return now < end ? .again(at: end) : .givenUp }
        return .again(at: now + wait)
    }
}
