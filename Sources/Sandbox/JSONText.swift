/// JSON written by hand, as `JSONEncoder` with `.sortedKeys` and `.withoutEscapingSlashes` writes it: for the few values that
/// are written at every attempt, where the encoder takes longer than all else that is done with them.
package enum JSONText {
    /// A string in quotes.
    package static func string(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count + 2)
        append(text, to: &result)
        return result
    }

    /// An object of strings, its keys in order.
    package static func object(_ values: [String: String]) -> String {
        if values.isEmpty { return "{}" }
        var result = "{"
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            if result.utf8.count > 1 { result += "," }
            append(key, to: &result)
            result += ":"
            append(value, to: &result)
        }
        return result + "}"
    }

    package static func array(_ values: [String]) -> String {
        var result = "["
        for (index, value) in values.enumerated() {
            if index > 0 { result += "," }
            append(value, to: &result)
        }
        return result + "]"
    }

    private static func append(_ text: String, to result: inout String) {
        result += "\""
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain {
            result += text
        } else {
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"", "\\": result += "\\\(scalar)"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                case "\u{8}": result += "\\b"
                case "\u{c}": result += "\\f"
                case _ where scalar.value < 0x20:
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
        result += "\""
    }
}

/// An object under way: fields are put in the order of their names.
struct JSONObjectText {
    private(set) var text = "{"

    mutating func put(_ name: String, _ json: String) {
        if text.utf8.count > 1 { text += "," }
        text += "\""
        text += name
        text += "\":"
        text += json
    }

    mutating func put(_ name: String, string: String) { put(name, JSONText.string(string)) }

    mutating func put(_ name: String, _ value: (some BinaryInteger)?) {
        if let value { put(name, "\(value)") }
    }

    var finished: String { text + "}" }
}
