import CLinux
import Glibc
import Linux
import Sandbox
import Synchronization
import WebSocket
import Wire

/// Joins a session to a connection: a thread that waits for both, with a bounded buffer for each direction, so that a peer that
/// is slow, or stuck, holds up nobody else.
///
/// The connection is always read, whatever waits for the session: how much input may be under way is granted by a window.
final class SessionRelay {
    /// Bytes of input that may wait for the session.
    static let window = 256 << 10
    /// While more than this waits for the connection, no output is read, and the session's processes wait.
    private static let mostOutput = 256 << 10
    /// What is read of a session's output after its end: more than a pipe or a terminal keeps. Somebody outside may hold one.
    private static let mostLateOutput = 4 << 20
    /// How long the peer has to take leave in turn.
    private static let farewell: Int32 = 5000

    /// What other threads tell the relay's.
    private final class Mailbox: Sendable {
        let event: FileDescriptor
        let end = Mutex<SessionEnd?>(nil)

        init() throws(SystemError) {
            event = FileDescriptor(owning: try check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
        }
    }

    private enum Phase {
        case running
        /// The session has ended; so many bytes of its output may still come.
        case draining(SessionEnd, left: Int)
        /// All was said, and goes out. Then the peer takes its leave.
        case leaving
        /// Nobody listens any more.
        case over
    }

    private let session: any RelayedSession
    private let connection: UpgradedConnection
    private let mailbox: Mailbox
    private var phase = Phase.running
    private var reader = WebSocketReader(
        from: .client, limits: .init(text: SessionControl.most, binary: SessionStream.most + 1))
    private let writer = WebSocketWriter(as: .server)
    /// To the connection.
    private var outgoing = ByteQueue()
    /// To the session.
    private var input = ByteQueue()
    /// Where it goes; -1 when nobody reads it any more.
    private var inputDescriptor: Int32
    private var inputIsToEnd = false
    /// What the peer may send, and what it will be granted.
    private var window = SessionRelay.window
    private var consumed = 0
    /// Whence it comes; those that have ended are gone.
    private var outputs: [(descriptor: Int32, stream: SessionStream)]
    private var buffer = [UInt8](repeating: 0, count: SessionStream.most)

    /// - Parameter finished: is called at the end, on the relay's thread.
    /// - Returns: false when there is no thread to be had.
    static func start(
        _ session: any RelayedSession, over connection: UpgradedConnection, finished: @escaping @Sendable () -> Void
    ) -> Bool {
        guard let mailbox = try? Mailbox(),
            let thread = try? SystemThread.start({
                SessionRelay(session, connection, mailbox).run()
                finished()
            })
        else { return false }
        pthread_detach(thread)
        Task {
            let end = await session.ended()
            mailbox.end.withLock { $0 = end }
            eventfd_write(mailbox.event.raw, 1)
        }
        return true
    }

    private init(_ session: any RelayedSession, _ connection: UpgradedConnection, _ mailbox: Mailbox) {
        self.session = session
        self.connection = connection
        self.mailbox = mailbox
        switch session.streams {
        case .terminal(let descriptor):
            inputDescriptor = descriptor
            outputs = [(descriptor, .output)]
        case .pipes(let input, let output, let error):
            inputDescriptor = input
            outputs = [(output, .output), (error, .error)]
        }
    }

    private func run() {
        // A reader that goes away is an error of the write.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        defer { session.end() }
        receive(connection.early)
        while true {
            switch phase {
            case .over: return
            case .leaving where outgoing.isEmpty: return takeLeave()
            case .draining(let end, let left) where outputs.isEmpty || left <= 0: say(end)
            default: step()
            }
        }
    }

    // MARK: One round

    private func step() {
        let room = outgoing.count < Self.mostOutput
        var polled = [
            pollfd(fd: mailbox.event.raw, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: connection.descriptor, events: Int16(POLLIN) | (outgoing.isEmpty ? 0 : Int16(POLLOUT)), revents: 0),
            pollfd(fd: input.isEmpty ? -1 : inputDescriptor, events: Int16(POLLOUT), revents: 0),
        ]
        polled += outputs.map { pollfd(fd: room ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0) }
        // Of a session that has ended all is there that will come.
        var timeout: Int32 = -1
        if case .draining = phase, room { timeout = 0 }
        guard poll(&polled, nfds_t(polled.count), timeout) >= 0 || errno == EINTR else {
            phase = .over
            return
        }
        if polled[0].revents != 0 { takeEnd() }
        if polled[1].revents & Int16(POLLOUT) != 0,
            case .failed = outgoing.write(to: connection.descriptor, isSocket: true)
        {
            phase = .over
        }
        if polled[1].revents & ~Int16(POLLOUT) != 0 { receive() }
        if polled[2].revents != 0 { feedSession() }
        guard room else { return }
        for (output, entry) in zip(outputs, polled.dropFirst(3)) {
            if entry.revents != 0 { read(output) } else if case .draining = phase, timeout == 0 { remove(output) }
        }
    }

    private func takeEnd() {
        eventfd_read(mailbox.event.raw, nil)
        guard case .running = phase, let end = mailbox.end.withLock({ $0 }) else { return }
        phase = .draining(end, left: Self.mostLateOutput)
        input.removeAll()
    }

    private func read(_ output: (descriptor: Int32, stream: SessionStream)) {
        let count = buffer.withUnsafeMutableBytes { Glibc.read(output.descriptor, $0.baseAddress!, $0.count) }
        if count > 0 {
            outgoing.append(writer.binary([output.stream.rawValue] + buffer[..<count]))
            if case .draining(let end, let left) = phase { phase = .draining(end, left: left - count) }
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            // EIO: nobody has the terminal open any more.
            remove(output)
        }
    }

    private func remove(_ output: (descriptor: Int32, stream: SessionStream)) {
        outputs.removeAll { $0.descriptor == output.descriptor }
    }

    /// The last word.
    private func say(_ end: SessionEnd) {
        send(SessionNotice(exit: SessionExitView(end)))
        outgoing.append(writer.close(.normal))
        phase = .leaving
    }

    /// Reads on until the peer closes, so that it is not told of a broken connection before it has read everything.
    private func takeLeave() {
        shutdown(connection.descriptor, Int32(SHUT_WR))
        var polled = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        for _ in 0..<1000 {
            guard poll(&polled, 1, Self.farewell) > 0 else { return }
            let count = buffer.withUnsafeMutableBytes { recv(connection.descriptor, $0.baseAddress!, $0.count, 0) }
            guard count > 0 else { return }
        }
    }

    // MARK: What the peer says

    private func receive() {
        let count = buffer.withUnsafeMutableBytes { recv(connection.descriptor, $0.baseAddress!, $0.count, 0) }
        if count > 0 {
            receive(buffer[..<count])
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            phase = .over
        }
    }

    private func receive(_ bytes: some Collection<UInt8>) {
        for event in reader.feed(bytes) {
            // What was said before it knew of the end.
            if case .leaving = phase { return }
            switch event {
            case .binary(let payload): take(payload)
            case .text(let text): control(text)
            case .ping(let payload):
                // A peer that only asks and never reads gets no answers.
                if outgoing.count < Self.mostOutput { outgoing.append(writer.pong(payload)) }
            case .pong: break
            case .close:
                outgoing.append(writer.close(.normal))
                phase = .leaving
            case .violation(let code, let reason): refuse(code, reason)
            }
        }
    }

    private func take(_ payload: [UInt8]) {
        guard payload.first == SessionStream.input.rawValue else {
            return refuse(.policyViolation, "a binary message begins with the byte 0, for input")
        }
        guard !inputIsToEnd else { return refuse(.policyViolation, "input after its end") }
        guard payload.count > 1 else {
            inputIsToEnd = true
            if input.isEmpty { session.endInput() }
            return
        }
        window -= payload.count - 1
        guard window >= 0 else { return refuse(.policyViolation, "more input than was granted") }
        guard inputDescriptor >= 0 else { return grant(payload.count - 1) }
        input.append(payload.dropFirst())
        // Without waiting for another round: a key that is pressed.
        feedSession()
    }

    private func feedSession() {
        guard !input.isEmpty else { return }
        switch input.write(to: inputDescriptor, isSocket: false) {
        case .wrote(let count): grant(count)
        case .failed:
            // The session has closed its input: the rest is taken, and read by nobody.
            let rest = input.count
            input.removeAll()
            inputDescriptor = -1
            grant(rest)
        }
        if input.isEmpty, inputIsToEnd { session.endInput() }
    }

    private func grant(_ count: Int) {
        consumed += count
        guard consumed >= Self.window / 4 else { return }
        window += consumed
        send(SessionNotice(window: consumed))
        consumed = 0
    }

    private func control(_ text: String) {
        let message: SessionControl
        do throws(Problem) {
            message = try BodyReader.read(
                SessionControl.self,
                from: HTTPRequest(
                    method: "", path: [], headers: ["content-type": "application/json"], body: Array(text.utf8)))
        } catch {
            return refuse(.policyViolation, error.detail)
        }
        if let size = message.resize { session.resize(TerminalSize(rows: size.rows, columns: size.columns)) }
        guard let name = message.signal else { return }
        guard let number = Self.signals[name] else {
            return refuse(
                .policyViolation, "signal must be one of \(SessionControl.signals.joined(separator: ", "))")
        }
        session.send(signal: number)
    }

    private static let signals: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "KILL": SIGKILL, "USR1": SIGUSR1,
        "USR2": SIGUSR2,
    ]

    private func refuse(_ code: WebSocketCode, _ reason: String) {
        outgoing.append(writer.close(code, reason))
        phase = .leaving
        session.end()
    }

    /// The wire types hold what JSON can say.
    private func send(_ notice: SessionNotice) {
        guard let bytes = try? WireJSON.encode(notice) else { preconditionFailure("a notice cannot be encoded") }
        outgoing.append(writer.text(String(decoding: bytes, as: UTF8.self)))
    }
}
