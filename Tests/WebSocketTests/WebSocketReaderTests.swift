import Testing

@testable import WebSocket

@Suite struct WebSocketReaderTests {
    private static let limits = WebSocketReader.Limits(text: 200, binary: 70_000)
    /// The examples of RFC 6455, section 5.7, and what else is well formed.
    private static let wellFormed: [(String, WebSocketRole, [UInt8], [WebSocketReader.Event])] = [
        ("unmasked text", .server, [0x81, 5, 0x48, 0x65, 0x6C, 0x6C, 0x6F], [.text("Hello")]),
        (
            "masked text", .client, [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            [.text("Hello")]
        ),
        ("fragments", .server, [0x01, 3, 0x48, 0x65, 0x6C, 0x80, 2, 0x6C, 0x6F], [.text("Hello")]),
        ("ping", .server, [0x89, 5, 0x48, 0x65, 0x6C, 0x6C, 0x6F], [.ping(Array("Hello".utf8))]),
        (
            "masked pong", .client, [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
            [.pong(Array("Hello".utf8))]
        ),
        (
            "256 bytes", .server, [0x82, 0x7E, 1, 0] + [UInt8](repeating: 7, count: 256),
            [.binary(.init(repeating: 7, count: 256))]
        ),
        (
            "64 KiB", .server, [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 7, count: 65_536),
            [.binary(.init(repeating: 7, count: 65_536))]
        ),
        ("empty messages", .server, [0x81, 0, 0x82, 0], [.text(""), .binary([])]),
        ("empty masked message", .client, [0x82, 0x80, 1, 2, 3, 4], [.binary([])]),
        ("a ping between fragments", .server, [0x02, 1, 1, 0x89, 0, 0x80, 1, 2], [.ping([]), .binary([1, 2])]),
        ("empty fragments", .server, [0x02, 0, 0x00, 0, 0x80, 1, 2], [.binary([2])]),
        ("a character over two fragments", .server, [0x01, 1, 0xC3, 0x80, 1, 0xA4], [.text("ä")]),
        ("a close frame", .server, [0x88, 5, 0x03, 0xE8, 0x62, 0x79, 0x65], [.close(.normal, reason: "bye")]),
        ("a close frame without a code", .server, [0x88, 0], [.close(nil, reason: "")]),
        ("an application's code", .server, [0x88, 2, 0x0B, 0xB8], [.close(.init(rawValue: 3000), reason: "")]),
        ("nothing is read after a close frame", .server, [0x88, 0, 0x81, 0, 0xFF], [.close(nil, reason: "")]),
        (
            "a close frame within a message", .server, [0x02, 1, 1, 0x88, 0, 0x80, 1, 2], [.close(nil, reason: "")]
        ),
    ]

    @Test(arguments: wellFormed.indices) func reads(_ index: Int) {
        let (name, sender, bytes, expected) = Self.wellFormed[index]
        var whole = WebSocketReader(from: sender, limits: Self.limits)
        #expect(whole.feed(bytes) == expected, "\(name)")
        var single = WebSocketReader(from: sender, limits: Self.limits)
        #expect(bytes.flatMap { single.feed(CollectionOfOne($0)) } == expected, "\(name), byte by byte")
        for cut in [1, 2, 3, bytes.count / 2] where cut < bytes.count {
            var halves = WebSocketReader(from: sender, limits: Self.limits)
            #expect(halves.feed(bytes[..<cut]) + halves.feed(bytes[cut...]) == expected, "\(name), cut at \(cut)")
        }
    }

    private static let wrong: [(String, WebSocketRole, [UInt8], WebSocketCode)] = [
        ("reserved bit 1", .server, [0xC1, 0], .protocolError),
        ("reserved bit 3", .server, [0x91, 0], .protocolError),
        ("reserved data opcode", .server, [0x83, 0], .protocolError),
        ("reserved control opcode", .server, [0x8B, 0], .protocolError),
        ("a client's frame without mask", .client, [0x81, 0], .protocolError),
        ("a server's frame with a mask", .server, [0x81, 0x80, 1, 2, 3, 4], .protocolError),
        ("a fragmented ping", .server, [0x09, 0], .protocolError),
        ("a long ping", .server, [0x89, 0x7E, 0, 126], .protocolError),
        ("a length in more bytes than it needs", .server, [0x82, 0x7E, 0, 125], .protocolError),
        ("a length in far more", .server, [0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .protocolError),
        ("the highest bit", .server, [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], .protocolError),
        ("more than memory", .server, [0x82, 0x7F, 0x7F, 255, 255, 255, 255, 255, 255, 255], .tooBig),
        ("a byte more than the limit", .server, [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0x11, 0x71], .tooBig),
        ("a text longer than its own limit", .server, [0x81, 0x7E, 0, 201], .tooBig),
        (
            "fragments that add up", .server, [0x01, 100] + [UInt8](repeating: 65, count: 100) + [0x80, 101], .tooBig
        ),
        ("a continuation of nothing", .server, [0x80, 0], .protocolError),
        ("a message within another", .server, [0x01, 0, 0x81, 0], .protocolError),
        ("no UTF-8", .server, [0x81, 1, 0xFF], .notUTF8),
        ("half a character", .server, [0x81, 1, 0xC3], .notUTF8),
        ("a surrogate", .server, [0x81, 3, 0xED, 0xA0, 0x80], .notUTF8),
        ("half a close code", .server, [0x88, 1, 3], .protocolError),
        ("a close code nobody has", .server, [0x88, 2, 0x03, 0xE7], .protocolError),
        ("a close code that is never sent", .server, [0x88, 2, 0x03, 0xEE], .protocolError),
        ("a close reason that is no UTF-8", .server, [0x88, 3, 0x03, 0xE8, 0xFF], .notUTF8),
    ]

    @Test(arguments: wrong.indices) func refuses(_ index: Int) {
        let (name, sender, bytes, expected) = Self.wrong[index]
        var reader = WebSocketReader(from: sender, limits: Self.limits)
        // What came before in the same bytes is told all the same, and nothing after it.
        let before = sender == .server ? [UInt8]([0x82, 1, 9]) : [0x82, 0x81, 0, 0, 0, 0, 9]
        let events = reader.feed(before + bytes + [0x81, 0, 0x88, 0])
        #expect(events.first == .binary([9]), "\(name)")
        #expect(events.count == 2, "\(name)")
        guard case .violation(let code, let text) = events.last else {
            Issue.record("\(name): \(events)")
            return
        }
        #expect(code == expected, "\(name)")
        #expect(!text.isEmpty)
        #expect(reader.feed([0x81, 0]).isEmpty)
    }

    /// Whatever comes, in whatever pieces: the same events, and none longer than the limits.
    @Test func noiseIsReadTheSameInAnyPieces() {
        var random = SplitMix(state: 7)
        for _ in 0..<2000 {
            var bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Often a beginning that makes sense.
            if Bool.random(using: &random) {
                bytes[0] = [0x81, 0x02, 0x00, 0x80, 0x89, 0x88].randomElement(using: &random)!
            }
            let sender: WebSocketRole = Bool.random(using: &random) ? .client : .server
            let limits = WebSocketReader.Limits(text: 20, binary: 30)
            var whole = WebSocketReader(from: sender, limits: limits)
            let events = whole.feed(bytes)
            var pieces = WebSocketReader(from: sender, limits: limits)
            var rest = bytes[...]
            var others: [WebSocketReader.Event] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &random)
                others += pieces.feed(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(events == others, "\(bytes)")
            for case .binary(let payload) in events { #expect(payload.count <= 30) }
        }
    }
}

@Suite struct WebSocketWriterTests {
    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 70_000]) func whatOneEndWritesTheOtherReads(_ count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for role in [WebSocketRole.client, .server] {
            var reader = WebSocketReader(from: role, limits: .init(text: 100, binary: 70_000))
            let writer = WebSocketWriter(as: role)
            let bytes = writer.binary(payload) + writer.text("grüße") + writer.close(.normal, "bye")
            #expect(reader.feed(bytes) == [.binary(payload), .text("grüße"), .close(.normal, reason: "bye")])
        }
    }

    @Test func frameOfTheRFC() {
        let writer = WebSocketWriter(as: .client)
        #expect(
            writer.frame(.text, Array("Hello".utf8), mask: 0x37FA_213D)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    }

    @Test func masksDiffer() {
        let frames = Set((0..<8).map { _ in WebSocketWriter(as: .client).text("Hello") })
        #expect(frames.count > 1)
    }

    @Test func aLongReasonIsCutBetweenCharacters() {
        var reader = WebSocketReader(from: .server, limits: .init(text: 0, binary: 0))
        let reason = String(repeating: "ü", count: 100)
        #expect(
            reader.feed(WebSocketWriter(as: .server).close(.tooBig, reason))
                == [.close(.tooBig, reason: String(repeating: "ü", count: 61))])
    }
}

@Suite struct WebSocketHandshakeTests {
    private static let headers = [
        "connection": "keep-alive, Upgrade", "upgrade": "WebSocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// The example of RFC 6455, section 1.3.
    @Test func acceptsWhatTheRFCShows() throws {
        #expect(try WebSocketHandshake.accept(Self.headers) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test func takesItsOwnRequest() throws {
        let request = WebSocketHandshake.request()
        let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name.lowercased(), $0.value) })
        #expect(try WebSocketHandshake.accept(headers) == WebSocketHandshake.accept(key: request.key))
        #expect(WebSocketHandshake.request().key != request.key)
    }

    @Test(arguments: [
        ("connection", nil, true), ("connection", "close", true), ("connection", "upgrader", true),
        ("upgrade", nil, true), ("upgrade", "h2c", true), ("sec-websocket-version", "12", true),
        ("sec-websocket-version", nil, false), ("sec-websocket-key", nil, false), ("sec-websocket-key", "", false),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", false),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==\n", false),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQA=", false),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZ\u{FC}==", false),
    ])
    func refuses(_ name: String, _ value: String?, _ mustUpgrade: Bool) {
        var headers = Self.headers
        headers[name] = value
        do {
            _ = try WebSocketHandshake.accept(headers)
            Issue.record("accepted")
        } catch .upgradeRequired {
            #expect(mustUpgrade)
        } catch {
            #expect(!mustUpgrade)
        }
    }
}

/// The same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
