import Configuration
import Sandbox
import Store
import Wire

// What the wire types' own declarations do not say about their fields: the values that the Launcher writes into texts, and
// what the handlers check of what is sent.

extension JSONTree {
    /// One of a few texts.
    static func oneOf(_ values: [String]) -> JSONTree { ["enum": .array(values.map(JSONTree.string))] }

    static func oneOf<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> JSONTree
    where Value.RawValue == String {
        oneOf(type.allCases.map(\.rawValue))
    }

    static func range(_ range: ClosedRange<Int64>) -> JSONTree {
        ["minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    }

    static let percent = range(0...100)
    /// A number that names a row, or counts from 1.
    static let fromOne: JSONTree = ["minimum": 1]
    /// Bytes, milliseconds and counts.
    static let fromZero: JSONTree = ["minimum": 0]
    static let outcome = oneOf(OutcomeKind.self)
    /// A line for lists and logs: no control characters, which is how Unicode names them (Cc).
    static let line: JSONTree = ["maxLength": 1000, "pattern": #"^[^\u0000-\u001f\u007f-\u009f]*$"#]
    /// An Event's type and key. The limit is one of bytes; this is the part of it that JSON Schema can say.
    static let eventName: JSONTree = ["minLength": 1, "maxLength": 1024, "pattern": #"^[^\u0000-\u001f\u007f]+$"#]
}

// MARK: What is sent

extension SendEvent: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["type": .eventName.merging(["examples": ["scene"]]), "key": .eventName]
    }
}

extension PauseTask: SchemaFacts {
    package static var facts: [String: JSONTree] { ["reason": .line] }
}

extension PinProcessing: SchemaFacts {
    package static var facts: [String: JSONTree] { ["reason": .line] }
}

extension ReportProgress: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["percent": .percent, "text": .line.merging(["maxLength": 500])]
    }

    /// Null is the same as absent, so being there is not enough.
    package static var rules: JSONTree {
        [
            "anyOf": [
                ["required": ["percent"], "properties": ["percent": ["type": "number"]]],
                ["required": ["text"], "properties": ["text": ["type": "string"]]],
            ]
        ]
    }
}

extension EndSelf: SchemaFacts {
    package static var facts: [String: JSONTree] { ["reason": .line] }
}

extension CollectGarbage: SchemaFacts {
    package static var facts: [String: JSONTree] { ["free": .fromZero] }
}

extension OpenSession: SchemaFacts {
    package static var facts: [String: JSONTree] {
        [
            "command": ["minItems": 1],
            "relax": ["items": .oneOf(Relaxation.self)],
            "environment": ["propertyNames": ["pattern": "^[^=]+$"]],
            "with": ["pattern": "^/", "examples": ["/opt/tools"]],
        ]
    }
}

extension TerminalSizeView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        let count = JSONTree.range(0...Int64(UInt16.max))
        return ["rows": count, "columns": count]
    }
}

extension SessionControl: SchemaFacts {
    package static var facts: [String: JSONTree] { ["signal": .oneOf(signals)] }
}

// MARK: What comes back

extension ProcessingView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["id": .fromOne, "status": .oneOf(ProcessingStatus.self), "outcome": .outcome, "event": .fromOne]
    }
}

extension ScriptView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        [
            "state": .oneOf(["pending"] + AttemptState.allCases.map(\.rawValue)), "outcome": .outcome,
            "progress": .percent,
        ]
    }
}

extension AttemptView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["number": .fromOne, "state": .oneOf(AttemptState.self), "outcome": .outcome, "progress": .percent]
    }
}

extension OutcomeView: SchemaFacts {
    package static var facts: [String: JSONTree] { ["kind": .outcome] }
}

extension OutcomeView.Usage: SchemaFacts {
    package static var facts: [String: JSONTree] {
        [
            "wall_milliseconds": .fromZero, "cpu_milliseconds": .fromZero, "memory_peak": .fromZero,
            "pids_peak": .fromZero, "disk_peak": .fromZero, "inodes_peak": .fromZero,
        ]
    }
}

extension OutcomeView.Log: SchemaFacts {
    package static var facts: [String: JSONTree] { ["bytes": .fromZero, "dropped": .fromZero] }
}

extension ChangesView.Change: SchemaFacts {
    package static var facts: [String: JSONTree] {
        [
            "change": .oneOf(["added", "changed", "removed"]),
            "kind": .oneOf(["file", "directory", "link", "fifo", "socket", "device"]), "size": .fromZero,
            "size_before": .fromZero, "path_base64": ["contentEncoding": "base64"],
        ]
    }
}

extension ChangesView.Tree: SchemaFacts {
    package static var facts: [String: JSONTree] { ["place": .oneOf(["/scratch", "/processing", "/"])] }
}

extension EventView: SchemaFacts {
    package static var facts: [String: JSONTree] { ["id": .fromOne, "processings": ["items": .fromOne]] }
}

extension TaskView: SchemaFacts {
    package static var facts: [String: JSONTree] { ["waiting": .fromZero, "running": .fromZero] }
}

extension TaskView.Trigger: SchemaFacts {
    package static var facts: [String: JSONTree] { ["kind": .oneOf(["every", "cron", "event", "manual"])] }
}

extension TaskView.Parameter: SchemaFacts {
    package static var facts: [String: JSONTree] { ["type": .oneOf(Parameter.Kind.self)] }
}

extension ScriptDefinitionView: SchemaFacts {
    package static var facts: [String: JSONTree] { ["retries": .fromZero, "retry_on": ["items": .outcome]] }
}

extension SelfView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["processing": .fromOne, "attempt": .fromOne, "control": .oneOf(Control.self), "event": .fromOne]
    }
}

extension SessionView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["id": .fromOne, "relaxed": ["items": .oneOf(Relaxation.self)]]
    }
}

extension OpenedSessionView: SchemaFacts {
    package static var facts: [String: JSONTree] {
        ["id": .fromOne, "relaxed": ["items": .oneOf(Relaxation.self)]]
    }
}

extension Problem: SchemaFacts {
    package static var facts: [String: JSONTree] {
        [
            "type": [
                "format": "uri", "pattern": "^urn:altp:problem:[a-z-]+$", "examples": ["urn:altp:problem:not-found"],
            ],
            "status": .range(400...599),
        ]
    }
}
