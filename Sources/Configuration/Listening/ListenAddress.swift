import Glibc

/// A TCP address to listen on: `127.0.0.1:8470`, `[::1]:8470`, `0.0.0.0:443`. A port alone, or with `localhost`, is that of
/// the loopback.
package struct ListenAddress: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Four or sixteen bytes, in the network's order.
    package let bytes: [UInt8]
    package let port: UInt16

    /// What is wrong with the text of an address, and how it should read.
    package struct Mistake: Error, Hashable {
        package var message: String
    }

    package init(parsing text: String) throws(Mistake) {
        if text.utf8.allSatisfy(Self.isDigit), !text.isEmpty {
            port = try Self.port(text[...])
            bytes = [127, 0, 0, 1]
            return
        }
        let host: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw Mistake(message: "the bracket ] is missing") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.first == ":" else { throw Self.withoutPort }
            port = try Self.port(rest.dropFirst())
            guard host.contains(":") else { throw Mistake(message: "only an IPv6 address stands in brackets") }
        } else {
            guard let colon = text.lastIndex(of: ":") else { throw Self.withoutPort }
            host = text[..<colon]
            guard !host.contains(":") else {
                throw Mistake(message: "an IPv6 address stands in brackets, and its port follows: \"[::1]:8470\"")
            }
            port = try Self.port(text[text.index(after: colon)...])
        }
        if host == "localhost" {
            bytes = [127, 0, 0, 1]
        } else if let address = NetworkPrefix(address: String(host)) {
            bytes = address.address
        } else {
            throw Mistake(
                message: "expected an address of this host and a port, such as \"127.0.0.1:8470\" or \"[::]:8470\"; "
                    + "names other than localhost are not looked up")
        }
    }

    private static let withoutPort = Mistake(message: "the port is missing; write \"127.0.0.1:8470\", or 8470")

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func port(_ text: Substring) throws(Mistake) -> UInt16 {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit), text.utf8.first != UInt8(ascii: "0"),
            let number = UInt16(text)
        else { throw Mistake(message: "expected a port from 1 to 65535; got \(String(text).quoted)") }
        return number
    }

    package var isIPv6: Bool { bytes.count == 16 }

    /// Whether nobody but this host can reach it.
    package var isLoopback: Bool {
        isIPv6 ? bytes == [UInt8](repeating: 0, count: 15) + [1] : bytes[0] == 127
    }

    package var description: String {
        let address = NetworkAddressText.of(bytes)
        return isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try value.decode(String.self)
        do {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "no address: \(text): \(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}

/// IP addresses as people read them.
package enum NetworkAddressText {
    /// - Parameter bytes: four or sixteen, in the network's order.
    package static func of(_ bytes: [UInt8]) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            inet_ntop(
                bytes.count == 16 ? AF_INET6 : AF_INET, bytes, buffer.baseAddress!, socklen_t(buffer.count))
            return String(cString: buffer.baseAddress!)
        }
    }
}
