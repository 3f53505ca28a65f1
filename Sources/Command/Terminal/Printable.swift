/// Makes text from Scripts, logs and files harmless to a terminal: what could move the cursor, change the title,
/// reverse the direction of writing or break a line is shown the way less(1) shows it.
package enum Printable {
    /// One line: control characters become `^[`, `^J`; invisible formatting characters `<U+202E>`.
    package static func line(_ text: String) -> String { escape(text, keepingLines: false) }

    /// Several lines: as `line`, but line feeds and tabs stay.
    package static func lines(_ text: String) -> String { escape(text, keepingLines: true) }

    private static func escape(_ text: String, keepingLines: Bool) -> String {
        guard text.unicodeScalars.contains(where: { isHazard($0) }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if !isHazard(scalar) || keepingLines && (scalar == "\n" || scalar == "\t") {
                result.unicodeScalars.append(scalar)
            } else {
                result += visible(scalar)
            }
        }
        return result
    }

    /// Whether a terminal would act on the character, or a reader be deceived by it.
    static func isHazard(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00..<0x20, 0x7F..<0xA0: true
        // Line and paragraph separators; the marks, embeddings, overrides and isolates of bidirectional text.
        case 0x2028, 0x2029, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        // Zero-width characters, tags and the byte order mark.
        case 0x200B, 0x2060...0x2064, 0xFEFF, 0xE0000...0xE007F: true
        default: false
        }
    }

    /// `^[`, `^?`, `<U+202E>`
    static func visible(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0..<0x20: return "^\(Character(Unicode.Scalar(UInt8(scalar.value + 0x40))))"
        case 0x7F: return "^?"
        default:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "<U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)>"
        }
    }
}
