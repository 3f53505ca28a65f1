import CCap

/// A capability of capabilities(7), given in the Script's own user namespace.
package struct Capability: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The kernel's number.
    package var number: Int32

    /// Reads a name with or without `CAP_`, in capitals or not; nil for one that libcap does not know.
    package init?(name: String) {
        let lower = name.lowercased()
        var number: cap_value_t = 0
        // libcap also takes a bare number, which is no name.
        guard
            lower.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }),
            cap_from_name(lower.hasPrefix("cap_") ? lower : "cap_\(lower)", &number) == 0
        else { return nil }
        self.number = number
    }

    private init(number: Int32) { self.number = number }

    /// The one form that is shown and kept: `CAP_CHOWN`.
    package var description: String {
        guard let name = cap_to_name(number) else { return "\(number)" }
        defer { cap_free(name) }
        return String(cString: name).uppercased()
    }

    /// All that libcap has a name for.
    static let all: [Capability] = (0..<64).map { Capability(number: $0) }.filter { $0.description.hasPrefix("CAP_") }

    /// Whether the running kernel has it.
    package var isKnownToKernel: Bool { number < cap_max_bits() }

    package static func < (left: Capability, right: Capability) -> Bool { left.number < right.number }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Capability(name: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a capability: \(text)"))
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
