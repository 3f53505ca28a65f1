import API
import Testing
import Wire

/// Every type that a route reads or writes, as the description tells it and as it is encoded.
@Suite struct WireSchemaTests {
    private static let bodies = RouteTable.routes.compactMap(\.body)

    private static let answers: [any (Decodable & Sendable).Type] =
        RouteTable.routes.compactMap { if case .json(let type) = $0.response { type } else { nil } }
        + RouteTable.routes.flatMap { $0.details.messages.values } + RouteTable.webhooks.map(\.body)
        + [Problem.self]

    @Test func whatIsSentBackIsAsItsSchemaSays() throws {
        for type in Self.answers { try check(type, .output) }
    }

    @Test func whatIsReadIsAsItsSchemaSays() throws {
        for type in Self.bodies { try check(type, .input) }
    }

    /// Makes values of a type with all its fields and with those that are required, and looks at their JSON.
    private func check<Value: Decodable>(_ type: Value.Type, _ side: SchemaCatalog.Side) throws {
        let catalog = SchemaCatalog()
        let schema = try catalog.schema(of: type, side)
        var document: JSONTree = [:]
        document["components"] = ["schemas": .object(catalog.components)]
        let validator = SchemaValidator(document: document)
        for filling in [SchemaCatalog.Filling.everything, .required] {
            let value = try SchemaCatalog().sample(of: type, side, filling)
            let encodable = try #require(value as? any Encodable, "\(type) cannot be encoded")
            let tree = try WireJSON.decode(JSONTree.self, from: WireJSON.encode(encodable))
            // What no field by itself requires, a rule may: then the least value breaks it.
            let hasRules = ((type as? any SchemaFacts.Type)?.rules ?? [:]) != [:]
            if filling == .everything || !hasRules {
                #expect(validator.problems(of: tree, by: schema) == [], "\(type), \(filling)")
            }
            #expect(validator.strangers(in: tree, by: schema) == [], "\(type), \(filling)")
            // What is encoded has to be what is decoded, else one of the two is not described.
            if filling == .everything { #expect(validator.absent(in: tree, by: schema) == [], "\(type)") }
        }
    }

    @Test func everyBodyNamesTheFieldsThatItReads() throws {
        for body in Self.bodies {
            let catalog = SchemaCatalog()
            let reference = try catalog.schema(of: body, .input)["$ref"]?.text ?? ""
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            let properties = catalog.components[name]?["properties"]?.members.keys.map(\.self) ?? []
            #expect(Set(properties) == Set(body.fields), "\(body)")
        }
    }
}

extension SchemaValidator {
    /// The fields of the value, at any depth, that its schema does not name. Clients have to bear them; the Launcher does not
    /// send them.
    func strangers(in value: JSONTree, by schema: JSONTree) -> [String] {
        compare(value, schema) { value, properties in value.keys.filter { properties[$0] == nil } }
    }

    /// The fields that its schema names and the value lacks.
    func absent(in value: JSONTree, by schema: JSONTree) -> [String] {
        compare(value, schema) { value, properties in properties.keys.filter { value[$0] == nil } }
    }

    private func compare(
        _ value: JSONTree, _ schema: JSONTree, _ difference: ([String: JSONTree], [String: JSONTree]) -> [String]
    ) -> [String] {
        let target = schema["$ref"]?.text.flatMap(resolve) ?? schema
        let properties = target["properties"]?.members
        var found = properties.map { difference(value.members, $0) } ?? []
        for (name, value) in value.members {
            let inner = properties?[name] ?? target["additionalProperties"] ?? [:]
            found += compare(value, inner, difference).map { "\(name).\($0)" }
        }
        for element in value.elements { found += compare(element, target["items"] ?? [:], difference) }
        return found
    }
}
