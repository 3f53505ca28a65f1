import Testing
import Wire

/// The API as any HTTP client sees it.
struct APIAnswer {
    var status: Int
    /// By name in lower case.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var tag: String? { headers["etag"] }

    func json<Answer: Decodable>(_ type: Answer.Type) throws -> Answer {
        do {
            return try WireJSON.decode(type, from: body)
        } catch {
            throw TestFailure("\(status) \(text) is no \(type): \(error)")
        }
    }

    /// The last part of a problem's type.
    var problem: String? {
        (try? WireJSON.decode(Problem.self, from: body))?.type.split(separator: ":").last.map(String.init)
    }
}

extension Host {
    /// One request on a connection of its own; `target` without `/api/v1`.
    func ask(
        _ method: String, _ target: String, _ headers: [String: String] = [:], _ body: String = "", seconds: Int = 60
    ) throws -> APIAnswer {
        var head = "\(method) \(WirePath.root)\(target) HTTP/1.1\r\nHost: altp\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        let bytes = try UnixRequest.receive(socket, Array((head + "\r\n" + body).utf8), seconds: seconds)
        return try Self.parse(bytes, hasBody: method != "HEAD", "\(method) \(target)")
    }

    private static func parse(_ bytes: [UInt8], hasBody: Bool, _ what: String) throws -> APIAnswer {
        guard let gap = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw TestFailure("\(what): the answer is \(String(decoding: bytes, as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<gap.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw TestFailure("\(what): the answer begins with \(lines.first ?? "")")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmed : ""
        }
        var body = Array(bytes[gap.upperBound...])
        if headers["transfer-encoding"] == "chunked", hasBody { body = try dechunked(body, what) }
        if let length = headers["content-length"].flatMap({ Int($0) }), hasBody, status != 304 {
            #expect(body.count == length, "\(what): the body has another length than it says")
        }
        return APIAnswer(status: status, headers: headers, body: body)
    }

    private static func dechunked(_ bytes: [UInt8], _ what: String) throws -> [UInt8] {
        var (rest, body) = (bytes[...], [UInt8]())
        while let end = rest.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16)
        {
            if size == 0 { return body }
            body += rest[end.upperBound..<end.upperBound + size]
            rest = rest[(end.upperBound + size + 2)...]
        }
        throw TestFailure("\(what): the answer was broken off")
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
