/// Where a sandbox may connect to: `landsat.example:443`, `192.0.2.0/24:5432`, `[2001:db8::/32]:443`; TCP and UDP alike.
package struct NetworkEndpoint: Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Host: Sendable, Hashable {
        /// In lower case; looked up on the host when an attempt starts.
        case name(String)
        case network(NetworkPrefix)
    }

    package var host: Host
    /// nil for every port, which is written `*`.
    package var port: UInt16?

    /// What is wrong with the text of an endpoint, and how it should read.
    package struct Mistake: Error, Hashable {
        package var message: String
    }

    /// Reads an endpoint as a policy writes it.
    package init(parsing text: String) throws(Mistake) {
        guard text.utf8.count <= 300 else { throw Mistake(message: "longer than any name and port") }
        let host: Substring
        let port: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw Mistake(message: "the bracket ] is missing") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.first == ":" else { throw Self.withoutPort }
            port = rest.dropFirst()
            guard host.contains(":") else { throw Mistake(message: "only an IPv6 address stands in brackets") }
        } else {
            guard let colon = text.lastIndex(of: ":") else { throw Self.withoutPort }
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            guard !host.contains(":") else {
                throw Mistake(
                    message: "an IPv6 address stands in brackets, and its port follows: \"[2001:db8::1]:443\"")
            }
        }
        self.port = try Self.port(port)
        self.host = try Self.host(String(host))
    }

    private static let withoutPort = Mistake(
        message: "the port is missing; write \"NAME:443\", or \"NAME:*\" for every port")

    private static func port(_ text: Substring) throws(Mistake) -> UInt16? {
        if text == "*" { return nil }
        let isDecimal = !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDecimal, text.utf8.first != UInt8(ascii: "0"), let number = UInt16(text) else {
            throw Mistake(message: "expected a port from 1 to 65535, or *; got \(String(text).quoted)")
        }
        return number
    }

    private static func host(_ text: String) throws(Mistake) -> Host {
        let numeric = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "/")
        }
        guard text.contains(":") || text.contains("/") || numeric && !text.isEmpty else { return .name(try name(text)) }
        let prefix = try NetworkPrefix(parsing: text)
        if let kind = prefix.unreachable { throw Mistake(message: "\(prefix) is \(kind)") }
        return .network(prefix)
    }

    /// A host's name as RFC 1123 has it; one with a final number could be taken for an address.
    private static func name(_ text: String) throws(Mistake) -> String {
        let name = text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
        guard isName, name.utf8.count <= 253, labels.last?.contains(where: { !$0.isNumber }) == true else {
            throw Mistake(
                message: "\(text.quoted) is neither an address nor a host's name: letters, digits and - between dots")
        }
        guard name != "localhost", !name.hasSuffix(".localhost") else {
            throw Mistake(message: "localhost is the sandbox's own, which needs no entry; the host's cannot be reached")
        }
        return name
    }

    package var description: String {
        let port = port.map { "\($0)" } ?? "*"
        return switch host {
        case .name(let name): "\(name):\(port)"
        case .network(let prefix) where prefix.isIPv6: "[\(prefix)]:\(port)"
        case .network(let prefix): "\(prefix):\(port)"
        }
    }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try value.decode(String.self)
        do {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "not an endpoint: \(text): \(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}
