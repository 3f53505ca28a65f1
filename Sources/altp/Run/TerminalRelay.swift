import CLinux
import Glibc
import Linux
import Sandbox

/// Joins the caller's terminal, in raw mode, to one of a sandbox's own: what is typed goes in, what is printed comes out,
/// and its size follows. Ctrl-C is a character like others here; the sandbox's terminal makes the signal of it.
///
/// The caller's modes come back when the relay ends, however the sandbox does.
final class TerminalRelay: @unchecked Sendable {
    // Written before the thread starts and by the thread alone afterwards; `finish` waits for its end.
    private let terminal: RawTerminal
    private let input: Int32 = STDIN_FILENO
    private let output: Int32 = STDOUT_FILENO
    private let socket: FileDescriptor
    /// Readable once the sandbox has ended. Its terminal may then still be open: a Script can send it to a process of the
    /// host, over a socket in a directory that both see.
    private let ended: FileDescriptor
    private var thread: pthread_t?

    /// The end of the socket over which pid 1 sends its terminal's other side: its standard input.
    private(set) var initEnd: Int32
    let size: TerminalSize

    /// Call it before any thread is made: SIGWINCH must be blocked in all of them.
    init() throws(SandboxError) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            throw SandboxError("--tty: the standard input and output are no terminal; leave it out for pipes and files")
        }
        var ends: [Int32] = [-1, -1]
        var event: Int32 = -1
        do throws(SystemError) {
            terminal = try RawTerminal(STDIN_FILENO)
            event = try check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC)) }
            try check("socketpair") {
                socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
            }
        } catch {
            throw SandboxError("--tty: \(error)")
        }
        let size = terminal.size ?? (0, 0)
        self.size = TerminalSize(rows: size.rows, columns: size.columns)
        socket = FileDescriptor(owning: ends[0])
        ended = FileDescriptor(owning: event)
        initEnd = ends[1]
        var set = Self.sizeChange
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private static var sizeChange: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGWINCH)
        return set
    }

    /// Relays on a thread of its own, once pid 1 has its end of the socket.
    func start() {
        closeInitEnd()
        // Without the thread the command has a terminal that nobody looks at, and ends with its first read of it.
        thread = try? SystemThread.start { self.relay() }
    }

    /// Waits for the last output, of a sandbox that has ended; the caller's terminal is then as it was.
    func finish() {
        closeInitEnd()
        eventfd_write(ended.raw, 1)
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }

    private func closeInitEnd() {
        if initEnd >= 0 { close(initEnd) }
        initEnd = -1
    }

    private func relay() {
        // Nothing comes where the sandbox could not be made.
        let sandbox = altp_receive_descriptor(socket.raw)
        guard sandbox >= 0 else { return }
        defer { close(sandbox) }
        var set = Self.sizeChange
        let sizes = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        defer { close(sizes) }
        terminal.begin()
        defer { terminal.end() }
        // A Script that reads nothing must not keep its output from coming.
        _ = fcntl(sandbox, F_SETFL, O_NONBLOCK)
        // It may have changed before SIGWINCH was heard.
        copySize(to: sandbox)
        pump(sandbox, sizes)
    }

    private func pump(_ sandbox: Int32, _ sizes: Int32) {
        var typed: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var hasInput = true
        var hasEnded = false
        // More than the kernel keeps of a terminal's output, and not for ever.
        var lastReads = 64
        while true {
            var polled = [
                pollfd(fd: hasInput && typed.isEmpty ? input : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: sandbox, events: Int16(POLLIN) | (typed.isEmpty ? 0 : Int16(POLLOUT)), revents: 0),
                pollfd(fd: sizes, events: Int16(POLLIN), revents: 0),
                pollfd(fd: hasEnded ? -1 : ended.raw, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&polled, 4, hasEnded ? 0 : -1) < 0 {
                if errno == EINTR { continue }
                return
            }
            if hasEnded {
                guard polled[1].revents & Int16(POLLIN) != 0, lastReads > 0 else { return }
                lastReads -= 1
            }
            if polled[3].revents != 0 { hasEnded = true }
            if polled[2].revents != 0 {
                var information = signalfd_siginfo()
                while read(sizes, &information, MemoryLayout<signalfd_siginfo>.size) > 0 {}
                copySize(to: sandbox)
            }
            if polled[0].revents != 0 {
                let count = buffer.withUnsafeMutableBytes { read(input, $0.baseAddress!, $0.count) }
                if count > 0 { typed = Array(buffer[..<count]) } else { hasInput = count < 0 && errno == EINTR }
            }
            if polled[1].revents & Int16(POLLOUT) != 0, !typed.isEmpty {
                let count = typed.withUnsafeBytes { write(sandbox, $0.baseAddress!, $0.count) }
                if count > 0 { typed.removeFirst(count) }
            }
            if polled[1].revents & ~Int16(POLLOUT) != 0 {
                let count = buffer.withUnsafeMutableBytes { read(sandbox, $0.baseAddress!, $0.count) }
                // EIO: nobody in the sandbox has its terminal open any more.
                if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return }
                if count > 0 { print(buffer[..<count]) }
            }
        }
    }

    private func print(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(output, $0.baseAddress!, $0.count) }
            if count < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// The kernel tells the Script by SIGWINCH.
    private func copySize(to sandbox: Int32) {
        guard let (rows, columns) = terminal.size else { return }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(sandbox, UInt(TIOCSWINSZ), &size)
    }
}
