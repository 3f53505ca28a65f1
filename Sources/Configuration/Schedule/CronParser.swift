/// A schedule that cannot be read: which field, what stood there, what was expected.
package struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `minute`, `hour`, `day of month`, `month`, `day of week`, or `expression` for the whole.
    package var field: String
    package var value: String
    package var expected: String

    package var description: String { "\(field) `\(value)`: expected \(expected)" }
}

enum CronField {
    case minute, hour, dayOfMonth, month, dayOfWeek

    var name: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        }
    }

    var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// In the order of the values, from the range's first.
    var names: [String] {
        switch self {
        case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
        case .minute, .hour, .dayOfMonth: []
        }
    }

    var expected: String {
        let numbers = "\(range.lowerBound) to \(range.upperBound)"
        return names.isEmpty ? numbers : "\(numbers) or \(names[0]) to \(names[names.count - (self == .month ? 1 : 2)])"
    }
}

enum CronParser {
    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// The five fields' texts.
    static func fields(_ text: String) throws(CronError) -> [String] {
        let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        if words.count == 1, words[0].hasPrefix("@") {
            guard let expression = macros[words[0].lowercased()] else {
                let known = macros.keys.sorted().joined(separator: ", ")
                throw CronError(field: "expression", value: text, expected: "five fields or one of \(known)")
            }
            return expression.split(separator: " ").map(String.init)
        }
        guard words.count == 5 else {
            throw CronError(
                field: "expression", value: text,
                expected: "five fields (minute, hour, day of month, month, day of week), found \(words.count)")
        }
        return words
    }

    /// One bit for each value, and whether the field begins with `*`.
    static func parse(_ text: String, as field: CronField) throws(CronError) -> (values: UInt64, isStar: Bool) {
        var values: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            values |= try parseItem(item, of: text, as: field)
        }
        return (values, text.hasPrefix("*"))
    }

    /// `*`, `a`, `a-b`, each of the first and last with `/step`.
    private static func parseItem(
        _ item: Substring, of text: String, as field: CronField
    ) throws(CronError) -> UInt64 {
        func failure(_ expected: String) -> CronError { CronError(field: field.name, value: text, expected: expected) }
        let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let range = parts.first, !range.isEmpty else { throw failure("\(field.expected) between the commas") }
        let bounds = range.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)

        var lower = field.range.lowerBound
        var upper = field.range.upperBound
        if range == "*" {
            // Sunday would otherwise be both the first and the last of `*/2`.
            if field == .dayOfWeek { upper = 6 }
        } else {
            guard let first = value(bounds[0], as: field, isUpper: false) else {
                throw failure("\(field.expected), found `\(bounds[0])`")
            }
            lower = first
            upper = first
            if bounds.count == 2 {
                guard let last = value(bounds[1], as: field, isUpper: first > 0) else {
                    throw failure("\(field.expected), found `\(bounds[1])`")
                }
                guard last >= first else { throw failure("a range that runs upwards, found `\(range)`") }
                upper = last
            }
        }
        var step = 1
        if parts.count == 2 {
            guard range == "*" || bounds.count == 2 else {
                throw failure("`*` or a range before the step, as `\(range)-\(field.range.upperBound)/\(parts[1])`")
            }
            guard let number = number(parts[1]), (1...field.range.upperBound).contains(number) else {
                throw failure("a step of 1 to \(field.range.upperBound), found `\(parts[1])`")
            }
            step = number
        }
        return stride(from: lower, through: upper, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    /// A number or a name; a name that ends a range may be the last of its kind (`FRI-SUN`).
    private static func value(_ text: Substring, as field: CronField, isUpper: Bool) -> Int? {
        if let number = number(text) { return field.range.contains(number) ? number : nil }
        let name = text.uppercased()
        let index = isUpper ? field.names.lastIndex(of: name) : field.names.firstIndex(of: name)
        return index.map { $0 + field.range.lowerBound }
    }

    /// Digits alone; `Int.init` would take a sign.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
