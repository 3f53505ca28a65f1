import Synchronization

/// Times that this process took for one kind of thing since it started, in microseconds.
package final class LatencyMeter: Sendable {
    private let times = Mutex(Histogram())

    package init() {}

    package func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        times.withLock { $0.record(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) }
    }

    package var histogram: Histogram { times.withLock { $0 } }
}
