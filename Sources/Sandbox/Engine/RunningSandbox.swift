import CLinux
import Dispatch
import Glibc
import Linux
import Synchronization

/// An attempt under way.
package final class RunningSandbox: Sendable {
    /// Pid 1 of the sandbox, in the host's numbers.
    package let pid: Int32
    private let pidfd: FileDescriptor
    private let state = Mutex(State.running(waiter: nil))
    private static let finishing = DispatchQueue(label: "altp.sandbox.finish", attributes: .concurrent)

    private enum State {
        case running(waiter: (@Sendable (Outcome) -> Void)?)
        case ended(Outcome)
    }

    init(
        _ process: consuming InitProcess, specification: SandboxSpecification, directory: AttemptDirectory,
        groups: [String], watcher: ProcessWatcher, tellLeftover: @escaping @Sendable (Leftover) -> Void,
        phaseEnded: (@Sendable (String) -> Void)? = nil
    ) {
        pid = process.pid
        pidfd = process.pidfd
        watcher.watch(pidfd.raw) { [self] in
            Self.finishing.async {
                // Only this process is reaped, and only where it is our child: an adopted one is somebody else's.
                var info = siginfo_t()
                waitid(P_PIDFD, id_t(self.pidfd.raw), &info, WEXITED)
                phaseEnded?("reap")
                CgroupRemoval.remove(groups).forEach(tellLeftover)
                phaseEnded?("remove the groups")
                self.finish(AttemptRecovery.outcome(of: directory, specification: specification))
            }
        }
    }

    private func finish(_ outcome: Outcome) {
        let waiter = state.withLock { state in
            defer { state = .ended(outcome) }
            if case .running(let waiter) = state { return waiter }
            return nil
        }
        waiter?(outcome)
    }

    /// The outcome, once it is durable on disk. May be awaited by one caller.
    package func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in whenEnded { continuation.resume(returning: $0) } }
    }

    /// The outcome, for a caller that has a thread to block.
    package func waitForOutcome() -> Outcome {
        let ended = DispatchSemaphore(value: 0)
        let result = Mutex<Outcome?>(nil)
        whenEnded { outcome in
            result.withLock { $0 = outcome }
            ended.signal()
        }
        ended.wait()
        return result.withLock { $0! }
    }

    private func whenEnded(_ waiter: @escaping @Sendable (Outcome) -> Void) {
        let ready: Outcome? = state.withLock { state in
            if case .ended(let outcome) = state { return outcome }
            state = .running(waiter: waiter)
            return nil
        }
        if let ready { waiter(ready) }
    }

    /// Asks pid 1 to end the Script: SIGTERM, after the policy's grace SIGKILL. The outcome will be `cancelled`,
    /// unless the Script ended by itself before.
    package func terminate() {
        // It fails when pid 1 is gone already, which is what is asked for.
        _ = altp_pidfd_send_signal(pidfd.raw, SIGTERM)
    }
}
