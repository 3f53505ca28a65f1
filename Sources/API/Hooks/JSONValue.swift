/// JSON of any form, as a partner posts it.
enum JSONValue: Sendable, Hashable, Decodable {
    case null
    case boolean(Bool)
    /// As its text, which keeps what a number of a fixed size would lose.
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Int64.self) {
            self = .number(String(number))
        } else if let number = try? container.decode(UInt64.self) {
            self = .number(String(number))
        } else if let number = try? container.decode(Double.self) {
            self = .number(String(number))
        } else if let list = try? container.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// What lies at the end of a way of names and places; nil where there is nothing, or null.
    func value(at path: some Collection<String>) -> JSONValue? {
        guard let step = path.first else { return self == .null ? nil : self }
        switch self {
        case .object(let members): return members[step]?.value(at: path.dropFirst())
        case .list(let items):
            guard let place = Int(step), String(place) == step, items.indices.contains(place) else { return nil }
            return items[place].value(at: path.dropFirst())
        default: return nil
        }
    }
}
