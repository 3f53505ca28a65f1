import Wire

/// A request to the Launcher, in the bytes of HTTP/1.1.
struct HTTPRequest: Hashable {
    var method: String
    /// Begins with a slash; its segments are encoded already.
    var path: String
    var query: [QueryItem] = []
    /// JSON; sent with its length, also when it is empty and the method is POST.
    var body: [UInt8]?
    /// What asks for another protocol on this connection; without it the connection ends with the answer.
    var upgrade: [Header] = []

    /// Whom it is for, as a Host header has it.
    var authority = "localhost"
    /// The bearer token that goes with it.
    var token: String?

    struct Header: Hashable {
        var name: String
        var value: String
    }

    struct QueryItem: Hashable {
        var name: String
        var value: String
    }

    var bytes: [UInt8] {
        var target = path
        if !query.isEmpty {
            let pairs = query.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }
            target += "?" + pairs.joined(separator: "&")
        }
        var head =
            "\(method) \(target) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: altp/\(ProductVersion.current)\r\n"
        head += "Accept: application/json, application/problem+json\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for header in upgrade.isEmpty ? [Header(name: "Connection", value: "close")] : upgrade {
            head += "\(header.name): \(header.value)\r\n"
        }
        if let body {
            if !body.isEmpty { head += "Content-Type: application/json\r\n" }
            head += "Content-Length: \(body.count)\r\n"
        }
        return Array((head + "\r\n").utf8) + (body ?? [])
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986, so that no name can change the request's form.
    static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
