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
    private var output: SessionOutput
    private var errors: SessionOutput
    private var reader = WebSocketReader(from: .server, limits: .init(text: 64 << 10, binary: SessionStream.most + 1))
    private let writer = WebSocketWriter(as: .client)
    private var outgoing = ByteQueue()
    /// Bytes of input that the Launcher takes before it grants more.
    private var window: Int
    private var hasInput = true
    private var wasInterrupted = false
    /// How it ended, or why that is not known.
    private var end: Result<SessionExitView, CommandFailure>?

    /// - Parameters:
    ///   - terminal: nil for a session with pipes.
    ///   - window: the bytes of input that are granted at first.
    init(_ connection: WebSocketConnection, terminal: RawTerminal?, window: Int, _ context: Context) {
        self.connection = connection
        self.terminal = terminal
        self.window = window
        output = SessionOutput(context.output)
        errors = SessionOutput(context.errors)
    }

    /// - Returns: how the session ended.
    /// - Throws: `CommandFailure` when the connection was lost or the output cannot be written, `ExitStatus` after a signal that
    ///   ends this process.
    mutating func run() throws -> SessionExitView {
        terminal?.begin()
        defer { terminal?.end() }
        // It may have changed before the signal was heard.
        if terminal != nil { sendSize() }
        receive(connection.early)
        while end == nil || isBlocked { try step() }
        return try end!.get()
    }

    /// Something waits until it can be printed: until then nothing more is read of the connection.
    private var isBlocked: Bool { !output.isEmpty || !errors.isEmpty }

    private mutating func step() throws {
        let takesInput = end == nil && hasInput && window > 0 && outgoing.count < Self.mostOutgoing
        let takesOutput = end == nil && !isBlocked
        var polled = [
            pollfd(
                fd: takesOutput || !outgoing.isEmpty ? connection.descriptor : -1,
                events: Int16(takesOutput ? POLLIN : 0) | Int16(outgoing.isEmpty ? 0 : POLLOUT), revents: 0),
            pollfd(fd: takesInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            output.awaited, errors.awaited,
        ]
        guard poll(&polled, nfds_t(polled.count), -1) > 0 else { return }
        if polled[2].revents != 0 {
            while let signal = signals.next() { try take(signal) }
        }
        if polled[3].revents != 0 { try output.write() }
        if polled[4].revents != 0 { try errors.write() }
        // Also when the connection is at its end, of which reading tells.
        if polled[0].revents & ~Int16(POLLIN) != 0 { send() }
        if takesOutput, polled[0].revents & ~Int16(POLLOUT) != 0 { receive() }
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
        case SIGCONT:
            // Whatever stopped it, others have used the terminal since. In the background this stops it again, by SIGTTOU.
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

    private mutating func receive() {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, initialized in
            count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
            initialized = max(0, count)
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return lose(count < 0 ? systemMessage(errno) : "it was closed") }
        receive(bytes)
    }

    private mutating func receive(_ bytes: [UInt8]) {
        for event in reader.feed(bytes) {
            switch event {
            case .binary(let payload):
                if payload.first == SessionStream.error.rawValue {
                    errors.append(payload.dropFirst())
                } else {
                    output.append(payload.dropFirst())
                }
            case .text(let text): take(text)
            case .ping(let payload): say(writer.pong(payload))
            case .pong: break
            case .close(_, let reason): lose(reason.isEmpty ? "the Launcher ended it" : Printable.line(reason))
            case .violation(_, let text): lose("the Launcher sent what is no WebSocket: \(text)")
            }
        }
    }

    private mutating func take(_ text: String) {
        let notice: SessionNotice
        do {
            notice = try WireJSON.decode(SessionNotice.self, from: Array(text.utf8))
        } catch {
            return lose("the Launcher said what this altp does not understand: \(Printable.line("\(error)"))")
        }
        window += notice.window ?? 0
        if let exit = notice.exit, end == nil { end = .success(exit) }
    }

    /// Nothing more will come; what came is still printed.
    private mutating func lose(_ reason: String) {
        guard end == nil else { return }
        let text =
            "the connection to the session is lost: \(reason). The session ends with all its processes; the sandbox stays as "
            + "it is, and can be entered again."
        end = .failure(CommandFailure(text, status: Enter.failure))
    }
}
