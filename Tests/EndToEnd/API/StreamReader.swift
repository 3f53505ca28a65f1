import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Wire

/// A client of the stream, on a thread of its own.
final class StreamReader: Sendable {
    struct Message: Sendable {
        var event: String
        var id: Int64?
        var data: String
        var at: Double

        func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
            try WireJSON.decode(type, from: Array(data.utf8))
        }
    }

    private struct State {
        var head = ""
        var messages: [Message] = []
        var body: [UInt8] = []
        var comments = 0
        var isOver = false
        var isPaused = false
    }

    private let state = Mutex(State())
    private let descriptor: Int32

    /// - Parameters:
    ///   - target: such as `/api/v1/stream`.
    ///   - isRaw: the body is no stream of messages: `text` tells it.
    init(_ socketPath: String, _ target: String, headers: [String] = [], isRaw: Bool = false, isPaused: Bool = false)
        throws
    {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socketPath.utf8)) }
        let descriptor = descriptor
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw TestFailure("connect \(socketPath): \(String(cString: strerror(errno)))") }
        let lines = ["GET \(target) HTTP/1.1", "Host: altp"] + headers
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw TestFailure("send: \(String(cString: strerror(errno)))")
        }
        state.withLock { $0.isPaused = isPaused }
        DispatchQueue(label: "stream").async { self.run(isRaw: isRaw) }
    }

    deinit { Glibc.close(descriptor) }

    /// Ends the connection.
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Reads no more, or again.
    func pause(_ isPaused: Bool) { state.withLock { $0.isPaused = isPaused } }

    var head: String { state.withLock { $0.head } }
    var messages: [Message] { state.withLock { $0.messages } }
    var comments: Int { state.withLock { $0.comments } }
    var isOver: Bool { state.withLock { $0.isOver } }
    var text: String { state.withLock { String(decoding: $0.body, as: UTF8.self) } }
    var bytes: [UInt8] { state.withLock { $0.body } }
    var status: Int? { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
    /// Of the changes, in the order in which they came.
    var ids: [Int64] { messages.filter { $0.event != "ready" }.compactMap(\.id) }

    func wait(_ what: String, seconds: Double = 30, _ isThere: ([Message]) throws -> Bool) throws {
        _ = try eventually(what, seconds: seconds) { try isThere(messages) ? true : nil }
    }

    private func run(isRaw: Bool) {
        var input: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var decoder = ChunkDecoder()
        var lines = ""
        while true {
            while state.withLock({ $0.isPaused }) { usleep(5000) }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            input += chunk[..<count]
            if head.isEmpty {
                guard let end = input.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
                let head = String(decoding: input[..<end.lowerBound], as: UTF8.self)
                state.withLock { $0.head = head }
                input.removeSubrange(..<end.upperBound)
                decoder.isChunked = head.lowercased().contains("transfer-encoding: chunked")
            }
            let body = decoder.decode(&input)
            if isRaw || status != 200 {
                state.withLock { $0.body += body }
            } else {
                lines += String(decoding: body, as: UTF8.self)
                take(&lines)
            }
            if decoder.isOver { break }
        }
        state.withLock { $0.isOver = true }
    }

    private func take(_ text: inout String) {
        while let end = text.firstRange(of: "\n\n") {
            var message = Message(event: "", id: nil, data: "", at: Deadline.now)
            for line in text[..<end.lowerBound].split(separator: "\n") {
                if line.hasPrefix("event: ") { message.event = String(line.dropFirst(7)) }
                if line.hasPrefix("id: ") { message.id = Int64(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { message.data = String(line.dropFirst(6)) }
                if line.hasPrefix(":") { state.withLock { $0.comments += 1 } }
            }
            let taken = message
            if !taken.event.isEmpty { state.withLock { $0.messages.append(taken) } }
            text = String(text[end.upperBound...])
        }
    }
}

/// Takes chunked transfer coding off (RFC 9112, section 7.1).
private struct ChunkDecoder {
    var isChunked = false
    var isOver = false
    private var left = 0

    mutating func decode(_ input: inout [UInt8]) -> [UInt8] {
        guard isChunked else {
            defer { input = [] }
            return input
        }
        var body: [UInt8] = []
        var position = 0
        while position < input.count, !isOver {
            if left > 0 {
                let count = min(left, input.count - position)
                // The two bytes after the chunk are counted with it.
                let data = min(count, max(0, left - 2))
                body += input[position..<position + data]
                position += count
                left -= count
            } else {
                guard let end = input[position...].firstRange(of: [0x0D, 0x0A]) else { break }
                let size = Int(String(decoding: input[position..<end.lowerBound], as: UTF8.self), radix: 16) ?? 0
                position = end.upperBound
                if size == 0 { isOver = true } else { left = size + 2 }
            }
        }
        input.removeFirst(position)
        return body
    }
}
