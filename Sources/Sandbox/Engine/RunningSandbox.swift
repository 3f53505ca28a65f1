import CLinux
import Glibc
package import Linux

/// An attempt under way: its sandbox is made or being made, and its command executed as soon as it has begun. One caller takes
/// its outcome, by one of the two ways.
package final class RunningSandbox: JoinableSandbox {
    /// Pid 1 of the sandbox, in the host's numbers.
    package let pid: Int32
    package let pidfd: FileDescriptor
    private let gate: StartGate?
    private let specification: SandboxSpecification
    package let directory: AttemptDirectory
    private let groups: [String]
    private let watcher: ProcessWatcher
    private let tellLeftover: @Sendable (Leftover) -> Void
    private let phaseEnded: (@Sendable (String) -> Void)?

    init(
        _ process: consuming InitProcess, specification: SandboxSpecification, directory: AttemptDirectory,
        groups: [String], watcher: ProcessWatcher, tellLeftover: @escaping @Sendable (Leftover) -> Void,
        phaseEnded: (@Sendable (String) -> Void)? = nil
    ) {
        pid = process.pid
        pidfd = process.pidfd
        gate = process.gate
        self.specification = specification
        self.directory = directory
        self.groups = groups
        self.watcher = watcher
        self.tellLeftover = tellLeftover
        self.phaseEnded = phaseEnded
    }

    /// Has the command executed. Before that, pid 1 ends when this process does, and nothing of the command was executed.
    func begin() { gate?.open() }

    /// Ends it before it has begun, and waits for that. Blocks its thread.
    func giveUp() {
        gate?.shut()
        _ = waitForOutcome()
    }

    /// The outcome, once it is durable on disk.
    package func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            watcher.watch(pidfd.raw) {
                self.reap()
                let busy = CgroupRemoval.removeEmpty(self.groups)
                guard !busy.isEmpty else { return continuation.resume(returning: self.collect(leaving: [])) }
                // To end what is in a group may take a moment, in which others' ends would not be seen.
                WorkerThreads.shared.run { continuation.resume(returning: self.collect(leaving: busy)) }
            }
        }
    }

    /// The outcome, for a caller that has a thread to block.
    package func waitForOutcome() -> Outcome {
        var polled = pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, -1) < 0 && errno == EINTR {}
        reap()
        return collect(leaving: groups)
    }

    private func reap() {
        // Only this process is reaped, and only where it is our child: an adopted one is somebody else's.
        var info = siginfo_t()
        waitid(P_PIDFD, id_t(pidfd.raw), &info, WEXITED)
        phaseEnded?("reap")
    }

    /// Takes what an ended pid 1 left, and removes the groups that are still there.
    private func collect(leaving groups: [String]) -> Outcome {
        if !groups.isEmpty { CgroupRemoval.remove(groups).forEach(tellLeftover) }
        phaseEnded?("remove the groups")
        return AttemptRecovery.outcome(of: directory, specification: specification)
    }

    /// Asks pid 1 to end the Script: SIGTERM, after the policy's grace SIGKILL. The outcome will be `cancelled`,
    /// unless the Script ended by itself before.
    package func terminate() {
        // It fails when pid 1 is gone already, which is what is asked for.
        _ = altp_pidfd_send_signal(pidfd.raw, SIGTERM)
    }
}
