/// Numbers as configuration writes them, and nothing that one reader of YAML takes for another number than the next:
/// no `010` (octal, or ten), `0x10`, `+5`, `1_000`, `inf`.
enum Numbers {
    static func whole(_ text: String) -> Int? { isDecimal(text) ? Int(text) : nil }

    static func fraction(_ text: String) -> Double? {
        let characters = text.utf8.allSatisfy { isDigit($0) || ".eE+-".utf8.contains($0) }
        guard characters, isDecimal(String(text.prefix { $0.isNumber || $0 == "-" })) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func isDecimal(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.utf8.allSatisfy(isDigit) && (digits == "0" || !digits.hasPrefix("0"))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
