import Glibc
import Linux
import WebSocket
import Wire

/// Joins this process's standard streams to a session in a sandbox, until that ends.
///
/// With a terminal, what is typed goes in as it is. With pipes, Ctrl-C and the like are passed on as signals, and the second
/// one leaves.
struct SessionRelay: ~Copyable {
    /// Input that is read ahead of the connection.
    private static let mostOutgoing = 64 << 10

    private let connection: WebSocketConnection
    private let terminal: RawTerminal?
    private let signals = SessionSignals()
    private let output: Output
    private let errors: Output
    private var reader = WebSocketReader(from: .server, limits: .init(text: 64 << 10, binary: SessionStream.most + 1))
    private let writer = WebSocketWriter(as: .client)
    private var outgoing = ByteQueue()
    /// Bytes of input that the Launcher takes before it grants more.
    private var window: Int
    private var hasInput = true
    private var wasInterrupted = false
    private var end: SessionExitView?

    /// - Parameters:
    ///   - terminal: nil for a session with pipes.
    ///   - window: the bytes of input that are granted at first.
    init(_ connection: WebSocketConnection, terminal: RawTerminal?, window: Int, _ context: Context) {
        self.connection = connection
        self.terminal = terminal
        self.window = window
        output = context.output
        errors = context.errors
    }

    /// - Returns: how the session ended.
    /// - Throws: `CommandFailure` when the connection was lost, `ExitStatus` after a signal that ends this process.
    mutating func run() throws -> SessionExitView {
        terminal?.begin()
        defer { terminal?.end() }
        // It may have changed before the signal was heard.
        if terminal != nil { sendSize() }
        try receive(connection.early)
        while end == nil { try step() }
        return end!
    }

    private mutating func step() throws {
        let takesInput = hasInput && window > 0 && outgoing.count < Self.mostOutgoing
        var polled = [
            pollfd(
                fd: connection.descriptor, events: Int16(POLLIN) | (outgoing.isEmpty ? 0 : Int16(POLLOUT)), revents: 0),
            pollfd(fd: takesInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&polled, 3, -1) > 0 else { return }
        if polled[2].revents != 0 {
            while let signal = signals.next() { try take(signal) }
        }
        if polled[0].revents & Int16(POLLOUT) != 0 { send() }
        if polled[0].revents & ~Int16(POLLOUT) != 0 { try receive() }
        if end == nil, polled[1].revents != 0 { try readInput() }
    }

    // MARK: To the session

    private mutating func readInput() throws {
        let most = min(window, SessionStream.most)
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, initialized in
            count = read(STDIN_FILENO, buffer.baseAddress, most)
            initialized = max(0, count)
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            hasInput = false
            // A terminal that has hung up.
            if terminal != nil { throw ExitStatus(128 + SIGHUP) }
            return say(writer.binary([SessionStream.input.rawValue]))
        }
        window -= count
        say(writer.binary([SessionStream.input.rawValue] + bytes))
    }

    private mutating func take(_ signal: Int32) throws {
        switch signal {
        case SIGWINCH: sendSize()
        case SIGTSTP:
            terminal?.end()
            kill(getpid(), SIGSTOP)
            // Taken up again.
            terminal?.begin()
            sendSize()
        case _ where terminal != nil || wasInterrupted: throw ExitStatus(128 + signal)
        default:
            wasInterrupted = true
            say(SessionControl(signal: Self.names[signal]))
        }
    }

    private static let names: [Int32: String] = [SIGINT: "INT", SIGTERM: "TERM", SIGHUP: "HUP", SIGQUIT: "QUIT"]

    private mutating func sendSize() {
        guard let size = terminal?.size else { return }
        say(SessionControl(resize: TerminalSizeView(rows: size.rows, columns: size.columns)))
    }

    /// The wire types hold what JSON can say.
    private mutating func say(_ control: SessionControl) {
        guard let bytes = try? WireJSON.encode(control) else { preconditionFailure("a control cannot be encoded") }
        say(writer.text(String(decoding: bytes, as: UTF8.self)))
    }

    private mutating func say(_ frame: [UInt8]) {
        outgoing.append(frame)
        send()
    }

    /// A failure shows when it is read from: the Launcher's last word may be there.
    private mutating func send() {
        guard !outgoing.isEmpty else { return }
        if case .failed = outgoing.write(to: connection.descriptor, isSocket: true) { outgoing.removeAll() }
    }

    // MARK: From the session

    private mutating func receive() throws {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, initialized in
            count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
            initialized = max(0, count)
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { throw Self.lost(count < 0 ? systemMessage(errno) : "it was closed") }
        try receive(bytes)
    }

    private mutating func receive(_ bytes: [UInt8]) throws {
        for event in reader.feed(bytes) {
            switch event {
            case .binary(let payload):
                let target = payload.first == SessionStream.error.rawValue ? errors : output
                try target.write(payload.dropFirst())
            case .text(let text): try take(text)
            case .ping(let payload): say(writer.pong(payload))
            case .pong: break
            case .close(_, let reason):
                if end == nil { throw Self.lost(reason.isEmpty ? "the Launcher ended it" : Printable.line(reason)) }
            case .violation(_, let text): throw Self.lost("the Launcher sent what is no WebSocket: \(text)")
            }
        }
    }

    private mutating func take(_ text: String) throws {
        let notice: SessionNotice
        do {
            notice = try WireJSON.decode(SessionNotice.self, from: Array(text.utf8))
        } catch {
            throw Self.lost("the Launcher said what this altp does not understand: \(Printable.line("\(error)"))")
        }
        window += notice.window ?? 0
        end = notice.exit ?? end
    }

    private static func lost(_ reason: String) -> CommandFailure {
        CommandFailure(
            "the connection to the session is lost: \(reason). The session ends with all its processes; the sandbox stays as "
                + "it is, and can be entered again.", status: Enter.failure)
    }
}
