import Synchronization

/// How many connections each share of the socket holds, so that one sandbox cannot take them all.
final class ConnectionCensus: Sendable {
    let limit: Int
    private let counts = Mutex<[UInt32: Int]>([:])

    init(limit: Int) { self.limit = limit }

    /// - Returns: false when the share has its fill; the connection then is not counted.
    func enter(_ share: UInt32) -> Bool {
        counts.withLock { counts in
            guard counts[share, default: 0] < limit else { return false }
            counts[share, default: 0] += 1
            return true
        }
    }

    func leave(_ share: UInt32) {
        counts.withLock { counts in
            let left = counts[share, default: 0] - 1
            counts[share] = left > 0 ? left : nil
        }
    }
}
