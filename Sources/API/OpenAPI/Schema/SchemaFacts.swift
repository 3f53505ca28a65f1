/// A type whose JSON is not made of its properties: it says itself what its JSON is.
package protocol OwnSchema: Decodable {
    /// By JSON Schema (draft 2020-12).
    static func schema(_ side: SchemaCatalog.Side) -> JSONTree
    /// A value, for whatever holds one.
    static var sample: Self { get }
}

/// What a type knows of its fields beyond their Swift types: values, ranges, formats.
package protocol SchemaFacts {
    /// Keywords of JSON Schema by a field's name in JSON. A field of a list takes `items`, one of a dictionary
    /// `additionalProperties`.
    static var facts: [String: JSONTree] { get }
    /// Keywords for the object as a whole.
    static var rules: JSONTree { get }
}

extension SchemaFacts {
    package static var rules: JSONTree { [:] }
}

/// Why a type's JSON cannot be described, and what to do.
package struct SchemaFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
