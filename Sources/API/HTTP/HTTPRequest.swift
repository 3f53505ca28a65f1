/// A request as it came, its target read into parts. Everything in it may be hostile.
package struct HTTPRequest: Sendable, Hashable {
    package struct QueryItem: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: String
    /// The path's segments, decoded: `/api/v1/tasks` is three. A segment may hold a decoded slash.
    package var path: [String]
    /// In order; names may repeat.
    package var query: [QueryItem]
    /// By lower-case name; of a repeated header the last one.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(
        method: String, path: [String], query: [QueryItem] = [], headers: [String: String] = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// What is asked for.
    struct Resource: Hashable {
        var path: [String]
        var query: [QueryItem]
    }

    var resource: Resource { Resource(path: path, query: query) }

    /// The path as a problem document names it.
    package var instance: String { "/" + path.map(PercentCoding.encode).joined(separator: "/") }
}

/// The target of a request line in origin form (RFC 9112, section 3.2.1).
package struct RequestTarget: Sendable, Hashable {
    package var path: [String]
    package var query: [HTTPRequest.QueryItem]

    /// Nil when it does not begin with a slash, or holds a wrong escape, a NUL or bytes that are no UTF-8.
    package init?(parsing text: String) {
        let (slash, mark) = (UInt8(ascii: "/"), UInt8(ascii: "?"))
        let parts = text.utf8.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].first == slash else { return nil }
        path = []
        for segment in parts[0].dropFirst().split(separator: slash, omittingEmptySubsequences: false) {
            guard let decoded = PercentCoding.decode(segment) else { return nil }
            path.append(decoded)
        }
        query = []
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(sides[0], plusIsSpace: true),
                let value = PercentCoding.decode(sides.count == 2 ? sides[1] : "".utf8[...], plusIsSpace: true)
            else { return nil }
            query.append(.init(name: name, value: value))
        }
    }
}

/// Percent-encoding of RFC 3986.
enum PercentCoding {
    static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool = false) -> String? {
        if !text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") || $0 == 0 }) {
            return String(Substring(text))
        }
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Leaves the unreserved characters alone.
    static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
