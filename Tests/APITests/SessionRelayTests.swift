import API
import Glibc
import Sandbox
import Synchronization
import Testing
import WebSocket
import Wire

/// A session's streams joined to a connection; the session is a pair of pipes that the test holds the other ends of.
@Suite struct SessionRelayTests {
    final class Pipes: RelayedSession {
        let streams: SessionStreams
        /// What a process in the sandbox would read, write and write.
        let input: Int32
        let output: Int32
        let error: Int32
        let said = Mutex<[String]>([])
        private let own: [Int32]
        private let state = Mutex<(end: SessionEnd?, waiting: [CheckedContinuation<SessionEnd, Never>])>((nil, []))

        init() {
            let pipes = (0..<3).map { _ in
                var ends: [Int32] = [-1, -1]
                pipe(&ends)
                return ends
            }
            for descriptor in [pipes[0][1], pipes[1][0], pipes[2][0]] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
            own = [pipes[0][1], pipes[1][0], pipes[2][0]]
            streams = .pipes(input: own[0], output: own[1], error: own[2])
            (input, output, error) = (pipes[0][0], pipes[1][1], pipes[2][1])
        }

        deinit { (own + [input, output, error]).forEach { close($0) } }

        func resize(_ size: TerminalSize) { said.withLock { $0.append("resize \(size.rows) \(size.columns)") } }
        func send(signal: Int32) { said.withLock { $0.append("signal \(signal)") } }
        func endInput() { said.withLock { $0.append("end of input") } }
        func end() { finish(SessionEnd(kind: .ended(reason: "ended"))) }

        func ended() async -> SessionEnd {
            await withCheckedContinuation { continuation in
                let end = state.withLock { state in
                    if state.end == nil { state.waiting.append(continuation) }
                    return state.end
                }
                if let end { continuation.resume(returning: end) }
            }
        }

        var hasEnded: Bool { state.withLock { $0.end != nil } }

        func finish(_ end: SessionEnd) {
            let waiting = state.withLock { state in
                if state.end == nil { state.end = end }
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume(returning: end) }
        }

        func write(_ text: String, to descriptor: Int32) {
            _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        }
    }

    /// A client's end of a connection whose other end is relayed to the session.
    final class Peer: Sendable {
        private let descriptor: Int32
        private let received = Mutex(
            (
                reader: WebSocketReader(from: .server, limits: .init(text: 1 << 16, binary: 1 << 16)),
                events: [WebSocketReader.Event]()
            ))
        let writer = WebSocketWriter(as: .client)

        init(_ session: any RelayedSession, early: [UInt8] = []) {
            var ends: [Int32] = [-1, -1]
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
            descriptor = ends[0]
            var patience = timeval(tv_sec: 30, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            let theirs = ends[1]
            let desk = SessionDesk()
            desk.add(session, 1, owner: "cli:root")
            desk.relay(
                1, owner: "cli:root", over: UpgradedConnection(descriptor: theirs, early: early) { close(theirs) })
        }

        deinit { close(descriptor) }

        func send(_ bytes: [UInt8]) {
            _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }

        func send(_ text: String) { send(writer.text(text)) }
        func type(_ text: String) { send(writer.binary([0] + text.utf8)) }

        /// The next event; nil at the end of the connection.
        func next() async -> WebSocketReader.Event? {
            await UnixClient.onThread {
                self.received.withLock { received in
                    while received.events.isEmpty {
                        var bytes = [UInt8](repeating: 0, count: 4096)
                        let count = recv(self.descriptor, &bytes, bytes.count, 0)
                        guard count > 0 else { return nil }
                        received.events += received.reader.feed(bytes[..<count])
                    }
                    return received.events.removeFirst()
                }
            }
        }

        func rest() async -> [WebSocketReader.Event] {
            var all: [WebSocketReader.Event] = []
            while let event = await next() { all.append(event) }
            return all
        }
    }

    private func exit(_ events: [WebSocketReader.Event]) throws -> SessionExitView? {
        for case .text(let text) in events {
            if let exit = try WireJSON.decode(SessionNotice.self, from: Array(text.utf8)).exit { return exit }
        }
        return nil
    }

    private func read(_ descriptor: Int32, _ count: Int) async -> String {
        await UnixClient.onThread {
            var bytes = [UInt8](repeating: 0, count: count)
            var position = 0
            while position < count {
                let got = bytes.withUnsafeMutableBytes {
                    Glibc.read(descriptor, $0.baseAddress! + position, count - position)
                }
                guard got > 0 else { break }
                position += got
            }
            return String(decoding: bytes[..<position], as: UTF8.self)
        }
    }

    /// Waits for it, half a minute at most.
    private func eventually(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<3000 where !condition() { try? await Task.sleep(for: .milliseconds(10)) }
        return condition()
    }

    @Test func whatIsSaidArrivesOnBothSides() async throws {
        let session = Pipes()
        let peer = Peer(session, early: WebSocketWriter(as: .client).binary([0] + "early ".utf8))
        peer.type("typed")
        #expect(await read(session.input, 11) == "early typed")
        session.write("out", to: session.output)
        #expect(await peer.next() == .binary([1] + "out".utf8))
        session.write("err", to: session.error)
        #expect(await peer.next() == .binary([2] + "err".utf8))
        session.write("last", to: session.output)
        session.finish(SessionEnd(kind: .exited(7)))
        let events = await peer.rest()
        #expect(events.first == .binary([1] + "last".utf8))
        #expect(events.last == .close(.normal, reason: ""))
        #expect(try exit(events)?.status == 7)
    }

    @Test func controlsArePassedOn() async throws {
        let session = Pipes()
        let peer = Peer(session)
        peer.send(#"{"resize": {"rows": 3, "columns": 4}}"#)
        peer.send(#"{"signal": "TERM"}"#)
        peer.send(peer.writer.binary([0]))
        session.finish(SessionEnd(kind: .signaled(SIGTERM)))
        #expect(try exit(await peer.rest())?.status == 143)
        #expect(session.said.withLock(\.self).prefix(3) == ["resize 3 4", "signal 15", "end of input"])
    }

    @Test func aPeerThatGoesEndsTheSession() async throws {
        let session = Pipes()
        do { _ = Peer(session) }
        #expect(await eventually { session.hasEnded })
    }

    @Test(arguments: [
        (WebSocketWriter(as: .client).binary([1, 2]), WebSocketCode.policyViolation),
        (WebSocketWriter(as: .client).binary([]), .policyViolation),
        (WebSocketWriter(as: .server).binary([0, 1]), .protocolError),
        (WebSocketWriter(as: .client).text("{"), .policyViolation),
        (WebSocketWriter(as: .client).text(#"{"signal": "STOP"}"#), .policyViolation),
        (WebSocketWriter(as: .client).text(#"{"resize": {"rows": -1, "columns": 1}}"#), .policyViolation),
        (WebSocketWriter(as: .client).text(#"{"surprise": 1}"#), .policyViolation),
        (WebSocketWriter(as: .client).text(String(repeating: " ", count: 5000)), .tooBig),
        (WebSocketWriter(as: .client).binary([UInt8](repeating: 0, count: 40_000)), .tooBig),
        (WebSocketWriter(as: .client).binary([0]) + WebSocketWriter(as: .client).binary([0, 1]), .policyViolation),
    ])
    func whatIsNotUnderstoodEndsTheSession(_ bytes: [UInt8], _ code: WebSocketCode) async throws {
        let session = Pipes()
        let peer = Peer(session)
        peer.send(bytes)
        guard case .close(let said?, let reason)? = await peer.rest().last else {
            Issue.record("there was no close frame")
            return
        }
        #expect(said == code)
        #expect(!reason.isEmpty)
        #expect(await eventually { session.hasEnded })
    }

    /// A process that reads nothing holds up the input, and the controls come through all the same.
    @Test func inputIsGrantedAsItIsTaken() async throws {
        let session = Pipes()
        let peer = Peer(session)
        let piece = [UInt8](repeating: 0x78, count: 16 << 10)
        for _ in 0..<16 { peer.send(peer.writer.binary([0] + piece)) }
        peer.send(#"{"signal": "INT"}"#)
        #expect(await eventually { session.said.withLock { !$0.isEmpty } })
        #expect(session.said.withLock(\.first) == "signal 2")
        var granted = 0
        #expect(await read(session.input, 256 << 10).utf8.count == 256 << 10)
        while granted < 192 << 10, case .text(let text)? = await peer.next() {
            granted += try WireJSON.decode(SessionNotice.self, from: Array(text.utf8)).window ?? 0
        }
        #expect(granted >= 192 << 10)
    }

    @Test func moreInputThanIsGrantedIsRefused() async throws {
        let session = Pipes()
        let peer = Peer(session)
        let piece = [UInt8](repeating: 0x78, count: 32 << 10)
        let sender = Array((0..<14).map { _ in peer.writer.binary([0] + piece.dropLast()) }.joined())
        peer.send(sender)
        let events = await peer.rest()
        #expect(
            events.contains { if case .close(.policyViolation?, _) = $0 { true } else { false } },
            "\(events.suffix(2))"
        )
    }

    // MARK: The desk

    @Test func aStreamThatNobodyOpensEndsItsSession() async throws {
        let session = Pipes()
        let desk = SessionDesk(patience: .milliseconds(20))
        desk.add(session, 5, owner: "cli:root")
        #expect(desk.standing(5, owner: "cli:root") == .ready)
        #expect(desk.standing(5, owner: "cli:uid-7") == .notYours)
        #expect(await session.ended().kind == .ended(reason: "ended"))
        #expect(desk.standing(5, owner: "cli:root") == .unknown)
    }

    @Test func thereAreOnlySoMany() {
        let desk = SessionDesk(limit: 1)
        #expect(!desk.isFull)
        desk.add(Pipes(), 1, owner: "cli:root")
        #expect(desk.isFull)
    }
}
