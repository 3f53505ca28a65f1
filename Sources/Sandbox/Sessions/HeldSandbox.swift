import CLinux
import Glibc
package import Linux
import Synchronization

/// An ended attempt's sandbox, made again for sessions. Nothing runs in it but them.
///
/// It ends with this process, whatever becomes of that: pid 1 sees its end of the lifeline.
package final class HeldSandbox: JoinableSandbox {
    package let pid: Int32
    package let pidfd: FileDescriptor
    package let directory: AttemptDirectory
    private let lifeline: Mutex<Int32>
    private let groups: [String]
    private let watcher: ProcessWatcher
    private let tellLeftover: @Sendable (Leftover) -> Void

    init(
        _ process: consuming InitProcess, directory: AttemptDirectory, lifeline: consuming FileDescriptor,
        groups: [String], watcher: ProcessWatcher, tellLeftover: @escaping @Sendable (Leftover) -> Void
    ) {
        pid = process.pid
        pidfd = process.pidfd
        self.directory = directory
        self.lifeline = Mutex(lifeline.take())
        self.groups = groups
        self.watcher = watcher
        self.tellLeftover = tellLeftover
    }

    deinit { letGo() }

    private func letGo() {
        lifeline.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    /// Ends it with all that runs in it, and removes what it had.
    package func end() async {
        letGo()
        await withCheckedContinuation { continuation in
            watcher.watch(pidfd.raw) {
                WorkerThreads.shared.run {
                    self.clear()
                    continuation.resume()
                }
            }
        }
    }

    /// `end`, for a caller that has a thread to block.
    func endNow() {
        letGo()
        var polled = pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, -1) < 0 && errno == EINTR {}
        clear()
    }

    private func clear() {
        var info = siginfo_t()
        waitid(P_PIDFD, id_t(pidfd.raw), &info, WEXITED)
        CgroupRemoval.remove(groups).forEach(tellLeftover)
        do {
            if let leftover = try SandboxEngine.removeTreeNow(directory.path) { tellLeftover(leftover) }
        } catch {
            tellLeftover(
                Leftover(path: directory.path, reason: SystemError("remove", directory.path), remedy: "\(error)"))
        }
    }
}
