/// Names a Processing (`42`), the last attempt of its Script (`42/calibrate`) or one attempt (`42/calibrate#2`).
package struct Reference: Sendable, Hashable, Codable, CustomStringConvertible {
    package var processing: Int64
    package var script: String?
    /// From 1; only with a Script.
    package var attempt: Int?

    package init(processing: Int64, script: String? = nil, attempt: Int? = nil) {
        self.processing = processing
        self.script = script
        self.attempt = attempt
    }

    /// Reads a reference as people write it; nil for anything else, also for zero, signs and leading dots.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let processing = Self.number(parts[0], as: Int64.self) else { return nil }
        self.init(processing: processing)
        guard parts.count == 2 else { return }
        let names = parts[1].split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard Self.isName(names[0]) else { return nil }
        script = String(names[0])
        guard names.count == 2 else { return }
        guard let number = Self.number(names[1], as: Int.self) else { return nil }
        attempt = number
    }

    package var description: String {
        "\(processing)" + (script.map { "/\($0)" } ?? "") + (attempt.map { "#\($0)" } ?? "")
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Reference(parsing: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a reference such as 42/calibrate#2"))
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Digits alone: `Int64("+4")` is a number, and no reference.
    private static func number<Number: FixedWidthInteger>(_ text: Substring, as type: Number.Type) -> Number? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Number(text, radix: 10), number > 0
        else { return nil }
        return number
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && !text.hasPrefix(".") && !text.hasPrefix("-")
            && text.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}
