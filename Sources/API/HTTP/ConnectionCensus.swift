import Synchronization

/// How many connections each share holds, so that one sandbox or client cannot take them all.
package final class ConnectionCensus: Sendable {
    let limit: Int
    private let counts = Mutex<[ConnectionShare: Int]>([:])

    package init(limit: Int) { self.limit = limit }

    /// - Returns: false when the share has its fill; the connection then is not counted.
    func enter(_ share: ConnectionShare) -> Bool {
        counts.withLock { counts in
            guard counts[share, default: 0] < limit else { return false }
            counts[share, default: 0] += 1
            return true
        }
    }

    func leave(_ share: ConnectionShare) {
        counts.withLock { counts in
            let left = counts[share, default: 0] - 1
            counts[share] = left > 0 ? left : nil
        }
    }
}
