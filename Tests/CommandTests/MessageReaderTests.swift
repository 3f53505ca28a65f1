import Testing

@testable import Command

@Suite struct MessageReaderTests {
    private static func read(_ text: String, size: Int) throws -> [MessageReader.Message] {
        var reader = MessageReader()
        var messages: [MessageReader.Message] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            messages += try reader.feed(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return messages
    }

    @Test(
        arguments: [
            ("", []),
            ("data: a\n\n", [.init(event: "message", id: nil, data: "a")]),
            ("event: x\nid: 4\ndata: {}\n\n", [.init(event: "x", id: "4", data: "{}")]),
            ("event: x\r\nid:4\r\ndata:{}\r\n\r\n", [.init(event: "x", id: "4", data: "{}")]),
            ("event: x\rdata: 1\r\r", [.init(event: "x", id: nil, data: "1")]),
            // The id stays with those that follow.
            (
                "id: 1\ndata: a\n\nevent: p\ndata: b\n\n",
                [.init(event: "message", id: "1", data: "a"), .init(event: "p", id: "1", data: "b")]
            ),
            // Comments, unknown fields, and what has no data.
            (
                ": alive\n\nretry: 2000\n\nwhat: x\nevent: y\n\ndata: z\n\n",
                [.init(event: "message", id: nil, data: "z")]
            ),
            ("data: a\ndata:  b\ndata\n\n", [.init(event: "message", id: nil, data: "a\n b\n")]),
            // What has not come to its end is not told.
            ("data: a\n", []), ("data: ä😀\n\ndata: b", [.init(event: "message", id: nil, data: "ä😀")]),
        ] as [(String, [MessageReader.Message])])
    func reads(text: String, expected: [MessageReader.Message]) throws {
        for size in [1, 2, 3, 1000] { #expect(try Self.read(text, size: size) == expected, "\(size)") }
    }

    @Test func boundsALine() {
        #expect(throws: HTTPError.self) {
            var reader = MessageReader()
            for _ in 0..<17 { _ = try reader.feed([UInt8](repeating: 0x61, count: 1 << 20)) }
        }
    }

    @Test func printsAMessageAsALine() {
        #expect(
            StreamVerb.line(.init(event: "processing", id: "12", data: #"{"a":1}"#))
                == #"{"event":"processing","id":12,"data":{"a":1}}"#)
        #expect(StreamVerb.line(.init(event: "log", id: "12", data: "{}")) == #"{"event":"log","data":{}}"#)
    }
}
