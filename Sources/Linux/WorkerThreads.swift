import Dispatch
import Glibc
import Synchronization

/// Threads for work that blocks for a moment: a few, made when they are needed, which then stay and wait without waking up.
///
/// Not a concurrent queue of Dispatch's: that shares the few threads on which Swift's tasks run, so that two removals would
/// hold up all that a task has to do.
package final class WorkerThreads: Sendable {
    package static let shared = WorkerThreads(limit: 16)

    private struct State {
        var work: [@Sendable () -> Void] = []
        /// That wait for work, or were told of some and have not taken it yet.
        var idle = 0
        var threads = 0
    }

    private let limit: Int
    private let state = Mutex(State())
    private let pieces = DispatchSemaphore(value: 0)

    package init(limit: Int) { self.limit = limit }

    /// Runs the body on one of the threads: at once, or when all are busy in its turn.
    package func run(_ body: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.work.append(body)
            guard state.work.count > state.idle, state.threads < limit else { return false }
            state.threads += 1
            state.idle += 1
            return true
        }
        pieces.signal()
        if needsThread { startThread() }
    }

    private func startThread() {
        do throws(SystemError) {
            pthread_detach(try SystemThread.start { self.loop() })
        } catch {
            let left = state.withLock { state in
                state.threads -= 1
                state.idle -= 1
                return state.threads
            }
            // Those that there are do the work; with none it would never be done.
            if left == 0 { fatalError("starting a thread for work that blocks: \(error)") }
        }
    }

    private func loop() {
        while true {
            pieces.wait()
            let body = state.withLock { state in
                state.idle -= 1
                return state.work.removeFirst()
            }
            body()
            state.withLock { $0.idle += 1 }
        }
    }
}
