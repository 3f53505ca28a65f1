/// Reads one HTTP/1.1 answer (RFC 9112) from bytes as they come. Strict where leniency makes two readings of one message:
/// bare line feeds, lengths that contradict each other, and a length beside a transfer coding are errors.
package struct HTTPResponseParser {
    package struct Limits: Sendable {
        package var head = 64 << 10
        package var body = 64 << 20

        package init() {}
    }

    private enum State {
        case head
        case body(remaining: Int)
        case bodyToEnd
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailer
        case done
    }

    private let limits: Limits
    private let acceptsUpgrade: Bool
    private var state = State.head
    private var buffer: [UInt8] = []
    private var headLines: [String] = []
    private var headBytes = 0
    private var response = HTTPResponse(status: 0, headers: [], body: [])

    /// - Parameter acceptsUpgrade: the request has asked for another protocol, and an answer with status 101 grants it.
    package init(limits: Limits = Limits(), acceptsUpgrade: Bool = false) {
        self.limits = limits
        self.acceptsUpgrade = acceptsUpgrade
    }

    /// The answer, when it is complete.
    package var result: HTTPResponse? {
        if case .done = state { response } else { nil }
    }

    /// The first bytes of the other protocol, after an answer that grants it.
    package var early: [UInt8] { result?.status == 101 ? buffer : [] }

    /// What has come of the body of a success so far, which is then forgotten: for one that is too long to be held.
    package mutating func drain() -> [UInt8] {
        guard (200..<300).contains(response.status) else { return [] }
        defer { response.body = [] }
        return response.body
    }

    /// Takes what came from the connection; what follows a complete answer is dropped, unless it is another protocol's.
    package mutating func feed(_ bytes: some Collection<UInt8>) throws(HTTPError) {
        buffer.append(contentsOf: bytes)
        var position = 0
        while try step(&position) {}
        buffer.removeFirst(position)
    }

    /// The connection was closed by the other side.
    package mutating func finish() throws(HTTPError) {
        switch state {
        case .done: return
        case .bodyToEnd: state = .done
        case .head where buffer.isEmpty && headLines.isEmpty:
            throw HTTPError("the connection was closed without an answer")
        default: throw HTTPError("the connection was closed in the middle of the answer")
        }
    }

    /// - Returns: false when more bytes are needed, or none.
    private mutating func step(_ position: inout Int) throws(HTTPError) -> Bool {
        switch state {
        case .done:
            if response.status != 101 { position = buffer.count }
            return false
        case .head:
            guard let line = try takeLine(&position) else { return false }
            if line.isEmpty { try finishHead() } else { headLines.append(line) }
            return true
        case .trailer:
            guard let line = try takeLine(&position) else { return false }
            if line.isEmpty { state = .done }
            return true
        case .chunkSize:
            guard let line = try takeLine(&position) else { return false }
            let size = try Self.chunkSize(line)
            state = size == 0 ? .trailer : .chunk(remaining: size)
            return true
        case .chunkEnd:
            guard let line = try takeLine(&position) else { return false }
            guard line.isEmpty else { throw HTTPError("a chunk is longer than it says") }
            state = .chunkSize
            return true
        case .body(let remaining):
            let taken = try takeBody(remaining, &position)
            state = taken == remaining ? .done : .body(remaining: remaining - taken)
            return taken == remaining
        case .bodyToEnd:
            return try takeBody(.max, &position) < 0
        case .chunk(let remaining):
            let taken = try takeBody(remaining, &position)
            state = taken == remaining ? .chunkEnd : .chunk(remaining: remaining - taken)
            return taken == remaining
        }
    }

    private mutating func takeBody(_ most: Int, _ position: inout Int) throws(HTTPError) -> Int {
        let count = min(most, buffer.count - position)
        guard response.body.count + count <= limits.body else {
            throw HTTPError("the answer is larger than \(limits.body) bytes")
        }
        response.body.append(contentsOf: buffer[position..<position + count])
        position += count
        return count
    }

    /// A line without its CR LF; nil when its end has not come. All lines together are bounded.
    private mutating func takeLine(_ position: inout Int) throws(HTTPError) -> String? {
        guard let end = buffer[position...].firstIndex(of: 0x0A) else {
            guard headBytes + buffer.count - position <= limits.head else {
                throw HTTPError("the answer's head is too long")
            }
            return nil
        }
        headBytes += end + 1 - position
        guard headBytes <= limits.head else { throw HTTPError("the answer's head is too long") }
        guard end > position, buffer[end - 1] == 0x0D else {
            throw HTTPError("a line of the answer's head ends without CR LF")
        }
        let bytes = buffer[position..<end - 1]
        position = end + 1
        guard let line = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 && $0 != 0x09 })
        else { throw HTTPError("the answer's head holds control characters or is not UTF-8") }
        return line
    }

    private mutating func finishHead() throws(HTTPError) {
        let lines = headLines
        headLines = []
        guard let first = lines.first else { throw HTTPError("the answer does not begin with a status line") }
        let status = try Self.status(first)
        response = HTTPResponse(status: status, headers: [], body: [])
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
                line[..<colon].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw HTTPError("malformed header ‘\(Printable.line(line))’") }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            response.headers.append(
                .init(
                    name: line[..<colon].lowercased(), value: String(value.trimmingSuffix { $0 == " " || $0 == "\t" })))
        }
        // 1xx answers announce the real one.
        if (100..<200).contains(status) {
            guard status == 101 else { return }
            guard acceptsUpgrade else { throw HTTPError("the server switched protocols") }
            state = .done
            return
        }
        state = try bodyState(status)
    }

    private func bodyState(_ status: Int) throws(HTTPError) -> State {
        let codings = response.headers.filter { $0.name == "transfer-encoding" }
        let lengths = response.headers.filter { $0.name == "content-length" }
        if status == 204 || status == 304 { return .done }
        if let coding = codings.first {
            guard codings.count == 1, coding.value.lowercased() == "chunked" else {
                throw HTTPError("unknown transfer coding ‘\(Printable.line(coding.value))’")
            }
            guard lengths.isEmpty else { throw HTTPError("the answer has both a length and a transfer coding") }
            return .chunkSize
        }
        guard let text = lengths.first?.value else { return .bodyToEnd }
        guard lengths.allSatisfy({ $0.value == text }), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(text)
        else { throw HTTPError("malformed Content-Length ‘\(Printable.line(text))’") }
        guard length <= limits.body else { throw HTTPError("the answer is larger than \(limits.body) bytes") }
        return length == 0 ? .done : .body(remaining: length)
    }

    private static func status(_ line: String) throws(HTTPError) -> Int {
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", parts[1].utf8.count == 3,
            let status = Int(parts[1]), (100..<600).contains(status)
        else {
            throw HTTPError(
                "the answer does not begin with an HTTP/1.1 status line: ‘\(Printable.line(String(line.prefix(80))))’")
        }
        return status
    }

    private static func chunkSize(_ line: String) throws(HTTPError) -> Int {
        let digits = line.prefix { $0 != ";" }.trimmingSuffix { $0 == " " || $0 == "\t" }
        guard (1...15).contains(digits.utf8.count), digits.first != "+", digits.first != "-",
            let size = Int(digits, radix: 16)
        else { throw HTTPError("malformed chunk size ‘\(Printable.line(String(line.prefix(40))))’") }
        return size
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ predicate: (Character) -> Bool) -> Substring {
        var result = self
        while let last = result.last, predicate(last) { result.removeLast() }
        return result
    }
}
