/// A decoder that reads nothing: it hands out made-up values, and writes down what it is asked for.
final class Probe: Decoder {
    /// What a type turned out to read: fields, or one value.
    struct Recorded {
        var isObject: Bool
        var schema: JSONTree
    }

    let catalog: SchemaCatalog
    let side: SchemaCatalog.Side
    let filling: SchemaCatalog.Filling
    let facts: [String: JSONTree]
    let typeName: String
    private(set) var recorded: Recorded?
    private(set) var hasOptionals = false

    init(
        catalog: SchemaCatalog, side: SchemaCatalog.Side, filling: SchemaCatalog.Filling, facts: [String: JSONTree],
        typeName: String
    ) {
        self.catalog = catalog
        self.side = side
        self.filling = filling
        self.facts = facts
        self.typeName = typeName
    }

    // MARK: What the containers write down

    private static let noFields: JSONTree = ["type": "object", "properties": [:]]

    func beginObject() { recorded = recorded ?? Recorded(isObject: true, schema: Self.noFields) }

    func field(_ name: String, _ field: JSONTree, isRequired: Bool) {
        var schema = recorded?.schema ?? Self.noFields
        var properties = schema["properties"] ?? [:]
        var field = isRequired || side == .output ? field : field.orNull
        if let text = catalog.description(of: typeName, field: name) { field["description"] = .string(text) }
        properties[name] = field
        schema["properties"] = properties
        let required = schema["required"]?.elements ?? []
        if isRequired {
            if !required.contains(.string(name)) { schema["required"] = .array(required + [.string(name)]) }
        } else {
            hasOptionals = true
        }
        recorded = Recorded(isObject: true, schema: schema)
    }

    func single(_ value: JSONTree) { recorded = Recorded(isObject: false, schema: value) }

    // MARK: Decoder

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        beginObject()
        return KeyedDecodingContainer(ProbeFields<Key>(probe: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw SchemaFailure("\(typeName) reads a list's elements one by one: let it conform to OwnSchema")
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { ProbeValue(probe: self) }
}

/// The fields of an object.
private final class ProbeFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let probe: Probe
    /// Looked for before they are read: they may be absent. The standard `decodeIfPresent` does so.
    private var wereLookedFor: Set<String> = []

    init(probe: Probe) { self.probe = probe }

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool {
        wereLookedFor.insert(key.stringValue)
        // Its type is learned only when it is read.
        return true
    }

    /// What may be absent is left out of a value that holds what is required.
    func decodeNil(forKey key: Key) -> Bool {
        guard probe.filling == .required, wereLookedFor.remove(key.stringValue) != nil else { return false }
        return true
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let isOptional = wereLookedFor.remove(key.stringValue) != nil
        let facts = probe.facts[key.stringValue] ?? [:]
        let found = try probe.catalog.describe(type, probe.side, probe.filling, facts)
        probe.field(key.stringValue, found.schema, isRequired: !isOptional)
        return found.value
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard !probe.catalog.isOpen(type) else {
            let reference = SchemaCatalog.reference(SchemaName(type).component)
            probe.field(key.stringValue, reference, isRequired: false)
            return nil
        }
        guard contains(key), !decodeNil(forKey: key) else { return nil }
        return try decode(type, forKey: key)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw Self.nested(probe, key) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw Self.nested(probe, key)
    }

    func superDecoder() throws -> any Decoder { throw SchemaFailure("\(probe.typeName) has a superclass") }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Self.nested(probe, key) }

    private static func nested(_ probe: Probe, _ key: Key) -> SchemaFailure {
        SchemaFailure(
            "\(probe.typeName) reads \(key.stringValue) by hand: make that a type, or let it conform to OwnSchema")
    }
}

/// The one value that a type is.
private struct ProbeValue: SingleValueDecodingContainer {
    let probe: Probe

    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let found = try probe.catalog.describe(type, probe.side, probe.filling, [:])
        probe.single(found.schema)
        return found.value
    }
}
