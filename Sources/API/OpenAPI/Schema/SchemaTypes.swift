/// A type that is one JSON value: what it is, and an example.
protocol ScalarType: Decodable {
    static var schema: JSONTree { get }
    static func value(_ facts: JSONTree) -> Any
}

extension String: ScalarType {
    static var schema: JSONTree { ["type": "string"] }

    static func value(_ facts: JSONTree) -> Any {
        (facts["enum"]?.elements.first ?? facts["examples"]?.elements.first)?.text ?? "text"
    }
}

extension Bool: ScalarType {
    static var schema: JSONTree { ["type": "boolean"] }
    static func value(_ facts: JSONTree) -> Any { true }
}

extension Double: ScalarType {
    static var schema: JSONTree { ["type": "number"] }
    static func value(_ facts: JSONTree) -> Any { 1.5 }
}

extension ScalarType where Self: FixedWidthInteger {
    /// `Int` and `Int64` hold what JSON numbers of other programs seldom reach, so their ends go without saying.
    static var schema: JSONTree {
        var schema: JSONTree = ["type": "integer"]
        if bitWidth < 64 {
            schema["minimum"] = .integer(Int64(min))
            schema["maximum"] = .integer(Int64(max))
        } else {
            schema["format"] = "int64"
            if !isSigned { schema["minimum"] = 0 }
        }
        return schema
    }

    static func value(_ facts: JSONTree) -> Any { facts["minimum"]?.whole.flatMap(Self.init(exactly:)) ?? 1 }
}

extension Int: ScalarType {}
extension Int8: ScalarType {}
extension Int16: ScalarType {}
extension Int32: ScalarType {}
extension Int64: ScalarType {}
extension UInt: ScalarType {}
extension UInt8: ScalarType {}
extension UInt16: ScalarType {}
extension UInt32: ScalarType {}
extension UInt64: ScalarType {}

/// A type that is made of values of another.
protocol CollectionType {
    static func describe(
        in catalog: SchemaCatalog, _ side: SchemaCatalog.Side, _ filling: SchemaCatalog.Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Any)
}

extension Array: CollectionType where Element: Decodable {
    static func describe(
        in catalog: SchemaCatalog, _ side: SchemaCatalog.Side, _ filling: SchemaCatalog.Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Any) {
        // A tree: its nodes hold nodes.
        guard !catalog.isOpen(Element.self) else {
            let items = SchemaCatalog.reference(SchemaName(Element.self).component)
            return (["type": "array", "items": items], [Element]())
        }
        let element = try catalog.describe(Element.self, side, filling, facts["items"] ?? [:])
        return (["type": "array", "items": element.schema], filling == .everything ? [element.value] : [])
    }
}

extension Set: CollectionType where Element: Decodable {
    static func describe(
        in catalog: SchemaCatalog, _ side: SchemaCatalog.Side, _ filling: SchemaCatalog.Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Any) {
        let element = try catalog.describe(Element.self, side, filling, facts["items"] ?? [:])
        let values: Set<Element> = filling == .everything ? [element.value] : []
        return (["type": "array", "items": element.schema, "uniqueItems": true], values)
    }
}

extension Dictionary: CollectionType where Key: Decodable, Value: Decodable {
    static func describe(
        in catalog: SchemaCatalog, _ side: SchemaCatalog.Side, _ filling: SchemaCatalog.Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Any) {
        guard let key = "name" as? Key else {
            throw SchemaFailure("\(Self.self): only a dictionary by String is a JSON object")
        }
        let value = try catalog.describe(Value.self, side, filling, facts["additionalProperties"] ?? [:])
        return (
            ["type": "object", "additionalProperties": value.schema],
            filling == .everything ? [key: value.value] : [Key: Value]()
        )
    }
}

extension Optional: CollectionType where Wrapped: Decodable {
    /// One whose field is always there, and may be null.
    static func describe(
        in catalog: SchemaCatalog, _ side: SchemaCatalog.Side, _ filling: SchemaCatalog.Filling, _ facts: JSONTree
    ) throws -> (schema: JSONTree, value: Any) {
        let wrapped = try catalog.describe(Wrapped.self, side, filling, facts)
        return (wrapped.schema.orNull, filling == .everything ? Self.some(wrapped.value) as Any : Self.none as Any)
    }
}

extension JSONTree {
    /// The schema that takes null too.
    var orNull: JSONTree {
        guard case .string(let type)? = self["type"] else { return ["anyOf": [self, ["type": "null"]]] }
        var schema = self
        schema["type"] = [.string(type), "null"]
        if let values = self["enum"] { schema["enum"] = .array(values.elements + [.null]) }
        return schema
    }
}
