import FoundationEssentials

/// JSON as the daemon and the command exchange it: the types' own coding keys (snake case) and nothing configurable.
package enum WireJSON {
    /// Keys are sorted, so that the same value is always the same bytes.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
