package import Configuration

/// A type that is written as one word on the command line.
package protocol ArgumentValue {
    /// Nil when the text is not such a value.
    init?(argument: String)
    /// What the text must be, for messages: `a whole number`.
    static var expectation: String { get }
    /// The words that are allowed, where they are few; completes the help and the "did you mean".
    static var choices: [String] { get }
}

extension ArgumentValue {
    package static var choices: [String] { [] }
}

extension ArgumentValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    package init?(argument: String) { self.init(rawValue: argument) }
    package static var expectation: String { "one of \(choices.joined(separator: ", "))" }
    package static var choices: [String] { allCases.map(\.rawValue) }
}

extension String: ArgumentValue {
    package init?(argument: String) { self = argument }
    package static var expectation: String { "text" }
}

extension Int: ArgumentValue {
    package init?(argument: String) {
        guard argument.utf8.first != UInt8(ascii: "+"), let value = Int(argument) else { return nil }
        self = value
    }
    package static var expectation: String { "a whole number" }
}

extension Double: ArgumentValue {
    package init?(argument: String) {
        guard let value = Double(argument), value.isFinite else { return nil }
        self = value
    }
    package static var expectation: String { "a number" }
}

extension Timespan: ArgumentValue {
    package init?(argument: String) { self.init(parsing: argument) }
    package static var expectation: String { "a duration such as 30s, 5m, 2h or 7d" }
}

extension ByteSize: ArgumentValue {
    package init?(argument: String) { self.init(parsing: argument) }
    package static var expectation: String { "a size such as 512K or 4G" }
}
