import Wire

/// The schemas of types, found by decoding them: what their `init(from:)` asks for is what they read, so no schema can tell
/// anything else. Types of properties become components of their own, by name.
package final class SchemaCatalog {
    /// What a type is described for.
    package enum Side: Sendable {
        /// What a client sends. An optional field may be absent or null.
        case input
        /// What it gets. An optional field is absent when there is none.
        case output
    }

    /// What the made-up values hold.
    package enum Filling: Sendable {
        /// Every field.
        case everything
        /// What is required, and no element of any list.
        case required
    }

    package private(set) var components: [String: JSONTree] = [:]
    /// What each component's name stands for.
    private var owners: [String: ObjectIdentifier] = [:]
    /// The types that are being decoded, to notice one that holds itself.
    private var open: [ObjectIdentifier] = []
    private let descriptions: [String: String]

    /// - Parameter descriptions: by a type's name, or that and a field's name in JSON: `TaskView.Trigger`,
    ///   `TaskView.Trigger.event_type`.
    package init(descriptions: [String: String] = [:]) { self.descriptions = descriptions }

    package func schema(of type: any Decodable.Type, _ side: Side) throws -> JSONTree {
        func describe<Value: Decodable>(_ type: Value.Type) throws -> JSONTree {
            try self.describe(type, side, .everything, [:]).schema
        }
        return try describe(type)
    }

    /// A made-up value, as the type itself reads it.
    package func sample<Value: Decodable>(of type: Value.Type, _ side: Side, _ filling: Filling) throws -> Value {
        try describe(type, side, filling, [:]).value
    }

    /// - Parameter facts: what is known about the value beside its type.
    func describe<Value: Decodable>(
        _ type: Value.Type, _ side: Side, _ filling: Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Value) {
        let found: (schema: JSONTree, value: Any)?
        if let own = type as? any OwnSchema.Type {
            found = (own.schema(side), own.sample)
        } else if let scalar = type as? any ScalarType.Type {
            found = (scalar.schema, scalar.value(facts))
        } else if let collection = type as? any CollectionType.Type {
            found = try collection.describe(in: self, side, filling, facts)
        } else if let cases = type as? any (RawRepresentable & CaseIterable).Type {
            found = try Self.cases(of: cases)
        } else {
            found = nil
        }
        guard let found else { return try component(type, side, filling, facts) }
        guard let value = found.value as? Value else { throw SchemaFailure("\(type): a sample of another type") }
        return (found.schema.merging(facts), value)
    }

    /// Whether the type is being decoded further out.
    func isOpen(_ type: Any.Type) -> Bool { open.contains(ObjectIdentifier(type)) }

    static func reference(_ name: String) -> JSONTree { ["$ref": "#/components/schemas/\(name)"] }

    /// The component that a schema refers to.
    func component(_ schema: JSONTree) -> JSONTree? {
        Self.name(schema).flatMap { components[$0] }
    }

    /// The list that a schema is or refers to, a page, with items that may have fewer fields; nil when it is no list.
    func selective(_ schema: JSONTree) -> JSONTree? {
        guard let name = Self.name(schema), var page = components[name], var properties = page["properties"] else {
            return withPartialItems(schema)
        }
        guard let list = properties["items"].flatMap(withPartialItems) else { return nil }
        properties["items"] = list
        page["properties"] = properties
        components[name] = page
        return schema
    }

    private func withPartialItems(_ list: JSONTree) -> JSONTree? {
        guard let item = list["items"], let name = Self.name(item), var partial = components[name] else {
            // It is so already.
            return list["items"]?["anyOf"] == nil ? nil : list
        }
        partial["required"] = nil
        partial["description"] = "\(name), with the fields alone that were asked for."
        components["Partial\(name)"] = partial
        var list = list
        list["items"] = ["anyOf": [item, Self.reference("Partial\(name)")]]
        return list
    }

    private func isSelective(_ page: String) -> Bool {
        components[page]?["properties"]?["items"]?["items"]?["anyOf"] != nil
    }

    private static func name(_ schema: JSONTree) -> String? {
        schema["$ref"]?.text?.split(separator: "/").last.map(String.init)
    }

    private func component<Value: Decodable>(
        _ type: Value.Type, _ side: Side, _ filling: Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Value) {
        let name = SchemaName(type)
        let known = (type as? any SchemaFacts.Type)?.facts ?? [:]
        let probe = Probe(catalog: self, side: side, filling: filling, facts: known, typeName: name.swift)
        open.append(ObjectIdentifier(type))
        defer { open.removeLast() }
        let value: Value
        do {
            value = try Value(from: probe)
        } catch let failure as SchemaFailure {
            throw failure
        } catch {
            throw SchemaFailure(
                """
                \(name.swift) cannot be described: its init(from:) refuses a made-up value (\(error)). If it is an \
                enumeration, let it conform to CaseIterable; else state SchemaFacts with `enum` or `examples` for the \
                field, or conform to OwnSchema.
                """)
        }
        // The only type that reads nothing is a request's empty body.
        if probe.recorded == nil, type is any RequestBody.Type { probe.beginObject() }
        guard let recorded = probe.recorded else {
            throw SchemaFailure("\(name.swift) cannot be described: it reads nothing. Let it conform to OwnSchema.")
        }
        guard recorded.isObject else { return (recorded.schema.merging(facts), value) }
        var schema = recorded.schema.merging((type as? any SchemaFacts.Type)?.rules ?? [:])
        if filling == .everything {
            let unknown = Set(known.keys).subtracting((schema["properties"] ?? [:]).members.keys)
            guard unknown.isEmpty else {
                throw SchemaFailure("\(name.swift) has facts of fields that it does not read: \(unknown.sorted())")
            }
        }
        // A mistyped field of a request is found.
        if side == .input, type is any RequestBody.Type { schema["additionalProperties"] = false }
        if let text = description(of: name.swift) { schema["description"] = .string(text) }
        let title = try file(schema, name: name.component, type, side, probe)
        return (Self.reference(title).merging(facts), value)
    }

    /// - Parameter type: with what it is made of, as in `PageView<EventView>`, which is described by `PageView`.
    func description(of type: String, field: String? = nil) -> String? {
        let name = type.prefix { $0 != "<" }
        return descriptions[field.map { "\(name).\($0)" } ?? String(name)]
    }

    /// - Returns: the component's name.
    private func file(
        _ schema: JSONTree, name: String, _ type: Any.Type, _ side: Side, _ probe: Probe
    ) throws -> String {
        // What is only nested in a request takes null where what is sent back is absent.
        let isOther = side == .input && !(type is any RequestBody.Type) && probe.hasOptionals
        let title = isOther ? name + "Input" : name
        if let owner = owners[title], owner != ObjectIdentifier(type) {
            throw SchemaFailure("two types would be called \(title) in the description: rename one of them")
        }
        owners[title] = ObjectIdentifier(type)
        // A value of required fields alone shows less than the type.
        if components[title] == nil || probe.filling == .everything && !isSelective(title) {
            components[title] = schema
        }
        return title
    }

    private static func cases(
        of type: any (RawRepresentable & CaseIterable).Type
    ) throws -> (schema: JSONTree, value: Any) {
        func list<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) throws -> (schema: JSONTree, value: Any) {
            let cases = Array(Value.allCases)
            guard let first = cases.first else { throw SchemaFailure("\(type) has no cases") }
            if let texts = cases.map(\.rawValue) as? [String] {
                return (["type": "string", "enum": .array(texts.map(JSONTree.string))], first)
            }
            if let numbers = cases.map(\.rawValue) as? [any BinaryInteger] {
                return (["type": "integer", "enum": .array(numbers.map { .integer(Int64($0)) })], first)
            }
            throw SchemaFailure("\(type): its raw values are neither texts nor whole numbers")
        }
        return try list(type)
    }
}
