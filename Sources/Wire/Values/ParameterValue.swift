/// A parameter of an Event or a Task: in JSON a string, a number or a boolean; the text that a Script receives.
package struct ParameterValue: Sendable, Hashable, Codable, CustomStringConvertible, ExpressibleByStringLiteral {
    package var text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral value: String) { text = value }

    package var description: String { text }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            // A Script gets it as an environment variable, which ends at the first NUL.
            guard !text.utf8.contains(0) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "text without NUL characters"))
            }
            self.init(text)
        } else if let flag = try? container.decode(Bool.self) {
            self.init(flag ? "true" : "false")
        } else if let number = try? container.decode(Int64.self) {
            self.init(String(number))
        } else if let number = try? container.decode(Double.self) {
            self.init(String(number))
        } else {
            throw DecodingError.typeMismatch(
                ParameterValue.self,
                .init(codingPath: decoder.codingPath, debugDescription: "a string, a number or a boolean"))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
