import Glibc
import Synchronization

/// When each phase was over, as the engine told.
final class PhaseList: Sendable {
    private let list = Mutex<[(UInt64, String)]>([])

    var all: [(UInt64, String)] { list.withLock { $0 } }

    func add(_ name: String) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        list.withLock { $0.append((UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec), name)) }
    }

    func clear() { list.withLock { $0 = [] } }
}
