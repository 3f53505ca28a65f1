import Glibc

/// Bytes to a Unix socket and the bytes that come back: what no well-behaved client sends.
struct UnixRequest {
    struct Answer {
        var status: Int?
        var head: String
        var body: String
    }

    /// Sends these bytes and reads until the server closes, or is silent for so long.
    static func exchange(_ path: String, _ bytes: [UInt8], seconds: Int = 10) throws -> Answer {
        parse(try receive(path, bytes, seconds: seconds))
    }

    /// The same, as it comes.
    static func receive(_ path: String, _ bytes: [UInt8], seconds: Int = 10) throws -> [UInt8] {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw TestFailure("connect \(path): \(String(cString: strerror(errno)))") }
        return received(over: descriptor, bytes)
    }

    /// As above, over a connection that is open.
    static func exchange(over descriptor: Int32, _ bytes: [UInt8]) -> Answer {
        parse(received(over: descriptor, bytes))
    }

    private static func received(over descriptor: Int32, _ bytes: [UInt8]) -> [UInt8] {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            // A server that has read enough may answer and close before it has read all.
            guard count > 0 else { break }
            sent += count
        }
        return receive(descriptor)
    }

    /// One request, which asks for the connection's end.
    static func send(
        _ path: String, _ method: String, _ target: String, type: String? = "application/json",
        headers: [String: String] = [:], _ body: [UInt8] = []
    ) throws -> Answer {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: altp\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let type, !body.isEmpty { head += "Content-Type: \(type)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        return try exchange(path, Array((head + "\r\n").utf8) + body)
    }

    private static func receive(_ descriptor: Int32) -> [UInt8] {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return received }
            received += chunk[..<count]
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let gap = text.firstRange(of: "\r\n\r\n") else { return Answer(status: nil, head: text, body: "") }
        let head = String(text[..<gap.lowerBound])
        return Answer(
            status: head.split(separator: " ").dropFirst().first.flatMap { Int($0) }, head: head.lowercased(),
            body: String(text[gap.upperBound...]))
    }
}
