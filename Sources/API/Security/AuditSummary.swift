import Wire

/// A request's body as the audit log has it: short, in one line, without what looks like a secret.
enum AuditSummary {
    /// A longer one is not read again for it.
    private static let mostRead = 16 << 10
    private static let mostBytes = 400
    private static let mostItems = 20

    static func of(_ body: [UInt8]) -> String? {
        guard !body.isEmpty else { return nil }
        guard body.count <= mostRead, let value = try? WireJSON.decode(JSONValue.self, from: body) else {
            return "(\(body.count) bytes)"
        }
        if case .object(let fields) = value, fields.isEmpty { return nil }
        let text = text(value, isSecret: false)
        guard text.utf8.count > mostBytes else { return text }
        // A character that is cut becomes the replacement character.
        return String(decoding: text.utf8.prefix(mostBytes), as: UTF8.self) + "… (\(body.count) bytes)"
    }

    private static let secrets = [
        "secret", "token", "password", "passwd", "credential", "authorization", "apikey", "api_key",
    ]

    /// Fields whose values are hidden, whatever they are called within.
    private static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "environment" || secrets.contains { name.contains($0) }
    }

    private static func text(_ value: JSONValue, isSecret: Bool) -> String {
        switch value {
        case .object(let fields):
            let shown = fields.sorted { $0.key < $1.key }.prefix(mostItems).map { name, value in
                "\(quoted(name)):\(text(value, isSecret: isSecret || Self.isSecret(name)))"
            }
            return "{\(shown.joined(separator: ","))\(fields.count > mostItems ? ",…" : "")}"
        case .list(let items):
            let shown = items.prefix(mostItems).map { text($0, isSecret: isSecret) }
            return "[\(shown.joined(separator: ","))\(items.count > mostItems ? ",…" : "")]"
        case .scalar where isSecret: return "\"***\""
        case .scalar(let text): return text
        case .text(let text): return isSecret ? "\"***\"" : quoted(text)
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(200) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                if scalar == "\"" || scalar == "\\" { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private enum JSONValue: Decodable {
        case object([String: JSONValue])
        case list([JSONValue])
        case text(String)
        /// A number, a boolean or null, as it is written.
        case scalar(String)

        init(from decoder: any Decoder) throws {
            if let fields = try? decoder.container(keyedBy: Key.self) {
                var values: [String: JSONValue] = [:]
                for key in fields.allKeys { values[key.stringValue] = try fields.decode(JSONValue.self, forKey: key) }
                self = .object(values)
                return
            }
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let flag = try? value.decode(Bool.self) {
                self = .scalar("\(flag)")
            } else if let number = try? value.decode(Int64.self) {
                self = .scalar("\(number)")
            } else if let number = try? value.decode(Double.self) {
                self = .scalar("\(number)")
            } else if value.decodeNil() {
                self = .scalar("null")
            } else {
                self = .list(try value.decode([JSONValue].self))
            }
        }

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }

            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }
}
