extension String {
    /// The text in quotes for a message, cut where it is long.
    var quoted: String { "\"\(cut(to: 60))\"" }

    func cut(to most: Int) -> String {
        unicodeScalars.dropFirst(most).isEmpty
            ? self : String(String.UnicodeScalarView(unicodeScalars.prefix(most))) + "…"
    }

    /// With escapes for what would forge a line, act on a terminal or deceive a reader.
    var withoutHazards: String {
        guard unicodeScalars.contains(where: Self.isHazard) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if Self.isHazard(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func isHazard(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}
