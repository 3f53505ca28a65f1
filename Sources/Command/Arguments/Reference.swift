/// Names a Processing (`42`), its Script's last attempt (`42/calibrate`) or one attempt (`42/calibrate#2`).
package struct Reference: Hashable, Sendable, ArgumentValue, CustomStringConvertible {
    package var processing: Int64
    package var script: String?
    /// From 1; only with a Script.
    package var attempt: Int?

    package init(processing: Int64, script: String? = nil, attempt: Int? = nil) {
        self.processing = processing
        self.script = script
        self.attempt = attempt
    }

    package init?(argument: String) {
        let parts = argument.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let processing = Self.number(parts[0], Int64.self) else { return nil }
        self.init(processing: processing)
        guard parts.count == 2 else { return }
        let names = parts[1].split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard Self.isName(names[0]) else { return nil }
        script = String(names[0])
        guard names.count == 2 else { return }
        guard let number = Self.number(names[1], Int.self) else { return nil }
        attempt = number
    }

    package static var expectation: String { "a reference such as 42, 42/calibrate or 42/calibrate#2" }

    package var description: String {
        "\(processing)" + (script.map { "/\($0)" } ?? "") + (attempt.map { "#\($0)" } ?? "")
    }

    /// Digits alone: `Int64("+4")` is a number, and no reference.
    private static func number<Number: FixedWidthInteger>(_ text: Substring, _ type: Number.Type) -> Number? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Number(text, radix: 10), number > 0
        else { return nil }
        return number
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && !text.hasPrefix(".") && !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
            }
    }
}

/// A reference to a whole Processing: `42`.
package struct ProcessingReference: Hashable, Sendable, ArgumentValue {
    package var id: Int64

    package init?(argument: String) {
        guard let reference = Reference(argument: argument), reference.script == nil else { return nil }
        id = reference.processing
    }

    package static var expectation: String { "a Processing's number, such as 42" }
}
