import Store
import Wire

// The same for what Scripts say of themselves, for tokens, deliveries and the stream.

extension JSONTree {
    /// A label's key and a metric's name: see `FieldCheck.isKey`.
    static let key: JSONTree = ["pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", "examples": ["quality"]]
    static let role = oneOf(Role.allCases.map(\.name))
}

extension SetLabel: SchemaFacts {
    package static var facts: [String: JSONTree] { ["value": .line.merging(["maxLength": 200])] }
}

extension ReportMetric: SchemaFacts {
    package static var facts: [String: JSONTree] { ["name": .key, "unit": .line.merging(["maxLength": 20])] }
}

extension AskAgain: SchemaFacts {
    package static var facts: [String: JSONTree] { ["seconds": .range(0...31_536_000), "reason": .line] }
}

extension SkipRest: SchemaFacts {
    package static var facts: [String: JSONTree] { ["reason": .line] }
}

extension ReserveTime: SchemaFacts {
    package static var facts: [String: JSONTree] { ["seconds": .range(1...31_536_000), "reason": .line] }
}

extension CreateToken: SchemaFacts {
    package static var facts: [String: JSONTree] {
        [
            "name": ["pattern": "^[A-Za-z0-9._@-]{1,64}$", "examples": ["ci"]], "role": .role, "description": .line,
            "tasks": ["minItems": 1],
        ]
    }
}

extension TokenView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["role": .role, "state": .oneOf(["valid", "expired", "revoked"])]
    }
}

extension DeliveryView: SchemaFacts {
    package static var facts: [String: JSONTree] { ["state": .oneOf(DeliveryState.self)] }
}
