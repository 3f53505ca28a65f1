import CLinux
import Glibc
import Linux
import Synchronization

/// Tells when processes end: one thread that waits for all pidfds with epoll(7).
final class ProcessWatcher: Sendable {
    private let poll: FileDescriptor
    private let handlers = Mutex<[Int32: @Sendable () -> Void]>([:])
    private let hasThread = Mutex(false)

    init() throws(SandboxError) {
        do throws(SystemError) {
            poll = FileDescriptor(owning: try check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        } catch {
            throw SandboxError("starting to watch processes: \(error)")
        }
    }

    /// A process that waits for its one sandbox by itself needs none.
    private func startThread() {
        do throws(SystemError) {
            pthread_detach(try SystemThread.start { self.loop() })
        } catch {
            // Sandboxes go on without this process, and the next one takes them up; it must not go on without seeing their
            // ends.
            fatalError("starting to watch processes: \(error)")
        }
    }

    /// Calls the handler once, on the watcher's thread, when the process behind the pidfd has ended.
    func watch(_ pidfd: Int32, _ handler: @escaping @Sendable () -> Void) {
        hasThread.withLock { started in
            if !started { startThread() }
            started = true
        }
        handlers.withLock { $0[pidfd] = handler }
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: pidfd))
        if epoll_ctl(poll.raw, EPOLL_CTL_ADD, pidfd, &event) != 0 {
            // Never so with a valid pidfd and memory; the end must not be missed all the same.
            handlers.withLock { $0.removeValue(forKey: pidfd) }?()
        }
    }

    private func loop() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(poll.raw, &events, Int32(events.count), -1)
            for index in 0..<max(Int(count), 0) {
                let pidfd = events[index].data.fd
                epoll_ctl(poll.raw, EPOLL_CTL_DEL, pidfd, nil)
                handlers.withLock { $0.removeValue(forKey: pidfd) }?()
            }
        }
    }
}
