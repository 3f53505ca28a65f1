import CLinux
import Dispatch
import Glibc
import Linux
import Synchronization

/// One thread for what is of no hurry: measuring, hashing and deleting trees. It gets the processor and the disk when nobody
/// else wants them, unless it is said that somebody waits. It lives as long as the process.
final class BackgroundThread: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var thread: pid_t?
        var isIdle = true
    }

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)

    init() throws(SystemError) {
        pthread_detach(try SystemThread.start { self.work() })
    }

    /// Runs a job after all those that were given before.
    func run<Result: Sendable>(_ job: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            state.withLock { $0.jobs.append { continuation.resume(returning: job()) } }
            filled.signal()
        }
    }

    /// Whether the thread gives way to all others, also in the middle of a job.
    func setIdle(_ isIdle: Bool) {
        state.withLock { state in
            guard state.isIdle != isIdle else { return }
            state.isIdle = isIdle
            Self.apply(state)
        }
    }

    /// What a kernel refuses costs others a little time, and is said.
    private static func apply(_ state: State) {
        guard let thread = state.thread, altp_set_idle(thread, state.isIdle ? 1 : 0) != 0 else { return }
        let error = SystemError("sched_setscheduler or ioprio_set")
        LauncherLog.write(.warning, "deleting cannot get another priority", ("error", error.description))
    }

    private func work() {
        state.withLock { state in
            state.thread = altp_gettid()
            Self.apply(state)
        }
        while true {
            filled.wait()
            var jobs = state.withLock { state in
                defer { state.jobs = [] }
                return state.jobs
            }[...]
            while let job = jobs.popFirst() {
                job()
                // Each was announced by a signal of its own; the first one's is taken.
                if !jobs.isEmpty { filled.wait() }
            }
        }
    }
}
