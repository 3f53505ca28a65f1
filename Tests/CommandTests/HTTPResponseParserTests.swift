import Testing

@testable import Command

@Suite struct HTTPResponseParserTests {
    private static func parse(_ text: String, pieces: Int, closed: Bool) throws -> HTTPResponse? {
        var limits = HTTPResponseParser.Limits()
        limits.head = 256
        limits.body = 64
        var parser = HTTPResponseParser(limits: limits)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try parser.feed(bytes[start..<min(start + pieces, bytes.count)])
        }
        if closed { try parser.finish() }
        return parser.result
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.1 200 \r\ncontent-length:5  \r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 404, "{}"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, "hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", 200,
            "hello"
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0A \r\n0123456789\r\n000\r\n\r\n", 200, "0123456789"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n1", 201, "1"),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1 and more", 200, "1"),
    ])
    func reads(_ text: String, _ status: Int, _ body: String) throws {
        for pieces in [1, 2, 7, 4096] {
            let response = try Self.parse(text, pieces: pieces, closed: true)
            #expect(response?.status == status)
            #expect(response.map { String(decoding: $0.body, as: UTF8.self) } == body)
        }
    }

    @Test(arguments: [
        ("", "the connection was closed without an answer"),
        ("HTTP/1.1 200", "the connection was closed in the middle of the answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "the connection was closed in the middle of the answer"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "the connection was closed in the middle of the answer"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "the connection was closed in the middle of the answer"
        ),
        ("\r\n\r\n", "the answer does not begin with a status line"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "the answer does not begin with an HTTP/1.1 status line: ‘SSH-2.0-OpenSSH’"),
        ("HTTP/2 200 OK\r\n\r\n", "the answer does not begin with an HTTP/1.1 status line: ‘HTTP/2 200 OK’"),
        ("HTTP/1.1 +20 OK\r\n\r\n", "the answer does not begin with an HTTP/1.1 status line: ‘HTTP/1.1 +20 OK’"),
        ("HTTP/1.1 999 OK\r\n\r\n", "the answer does not begin with an HTTP/1.1 status line: ‘HTTP/1.1 999 OK’"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "the server switched protocols"),
        ("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "a line of the answer's head ends without CR LF"),
        ("HTTP/1.1 200 OK\r\nContent Length: 0\r\n\r\n", "malformed header ‘Content Length: 0’"),
        ("HTTP/1.1 200 OK\r\n: 0\r\n\r\n", "malformed header ‘: 0’"),
        ("HTTP/1.1 200 OK\r\n folded\r\n\r\n", "malformed header ‘ folded’"),
        ("HTTP/1.1 200 OK\r\nX: a\u{1B}b\r\n\r\n", "the answer's head holds control characters or is not UTF-8"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed Content-Length ‘-1’"),
        ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "malformed Content-Length ‘+1’"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "malformed Content-Length ‘99999999999999999999’"
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed Content-Length ‘1’"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", "the answer is larger than 64 bytes"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unknown transfer coding ‘gzip, chunked’"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            "the answer has both a length and a transfer coding"
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "malformed chunk size ‘-5’"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "malformed chunk size ‘’"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "malformed chunk size ‘xyz’"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
            "malformed chunk size ‘FFFFFFFFFFFFFFFFFF’"
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n", "a chunk is longer than it says"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n" + String(repeating: "x", count: 65),
            "the answer is larger than 64 bytes"
        ),
        ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 65), "the answer is larger than 64 bytes"),
        ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 300), "the answer's head is too long"),
        ("HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 60), "the answer's head is too long"),
        (String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20), "the answer's head is too long"),
    ])
    func refuses(_ text: String, _ message: String) {
        for pieces in [1, 3, 4096] {
            let error = #expect(throws: HTTPError.self) { try Self.parse(text, pieces: pieces, closed: true) }
            #expect(error?.description == message)
        }
    }

    @Test func hasNoResultBeforeTheEnd() throws {
        #expect(try Self.parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", pieces: 10, closed: false) == nil)
    }

    @Test func givesHeadersByName() throws {
        let response = try Self.parse(
            "HTTP/1.1 200 OK\r\nContent-Type:  text/plain \r\nContent-Length: 0\r\n\r\n", pieces: 9, closed: true)
        #expect(response?.header("content-type") == "text/plain")
        #expect(response?.header("location") == nil)
    }
}
