package import Wire

extension Timestamp: OwnSchema {
    package static func schema(_ side: SchemaCatalog.Side) -> JSONTree {
        ["type": "string", "format": "date-time", "examples": ["2026-11-24T12:30:01.250Z"]]
    }

    package static var sample: Timestamp { Timestamp(milliseconds: 1_795_523_401_250) }
}

extension Reference: OwnSchema {
    package static func schema(_ side: SchemaCatalog.Side) -> JSONTree {
        [
            "type": "string", "pattern": "^[1-9][0-9]*(/[A-Za-z0-9_][A-Za-z0-9._-]*(#[1-9][0-9]*)?)?$",
            "examples": ["42", "42/calibrate", "42/calibrate#2"],
        ]
    }

    package static var sample: Reference { Reference(processing: 42, script: "calibrate", attempt: 2) }
}

extension ParameterValue: OwnSchema {
    /// Whatever was sent, a text comes back: the one that Scripts get.
    package static func schema(_ side: SchemaCatalog.Side) -> JSONTree {
        switch side {
        case .input: ["type": ["string", "number", "boolean"], "pattern": "^[^\\u0000]*$"]
        case .output: ["type": "string"]
        }
    }

    package static var sample: ParameterValue { "40" }
}

extension JSONTree: OwnSchema {
    package static func schema(_ side: SchemaCatalog.Side) -> JSONTree { [:] }
    package static var sample: JSONTree { ["name": "value"] }
}
