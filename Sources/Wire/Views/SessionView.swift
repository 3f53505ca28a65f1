/// Somebody's stay in an attempt's sandbox: `GET /sessions`
package struct SessionView: Sendable, Hashable, Codable {
    package var id: Int64
    package var reference: Reference
    /// `cli:root`
    package var who: String
    /// Absent for a shell.
    package var command: [String]?
    /// What was relaxed, by name.
    package var relaxed: [String]
    package var snapshot: Bool
    package var startedAt: Timestamp

    package init(
        id: Int64, reference: Reference, who: String, command: [String]?, relaxed: [String], snapshot: Bool,
        startedAt: Timestamp
    ) {
        self.id = id
        self.reference = reference
        self.who = who
        self.command = command
        self.relaxed = relaxed
        self.snapshot = snapshot
        self.startedAt = startedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, reference, who, command, relaxed, snapshot
        case startedAt = "started_at"
    }
}

/// A session that was opened, and what somebody who enters wants to know. It ends unless its stream is opened soon.
package struct OpenedSessionView: Sendable, Hashable, Codable {
    package var id: Int64
    package var reference: Reference
    /// The path of its WebSocket.
    package var stream: String
    /// Bytes of input that may be sent before more are granted.
    package var window: Int
    /// The Script's own command, which `rerun-script` runs.
    package var scriptCommand: [String]
    package var workingDirectory: String
    package var relaxed: [String]
    package var snapshot: Bool
    /// How the attempt ended; absent while its Script runs.
    package var outcome: OutcomeView?
    /// Who else is inside.
    package var others: [String]

    package init(
        id: Int64, reference: Reference, stream: String, window: Int, scriptCommand: [String],
        workingDirectory: String, relaxed: [String], snapshot: Bool, outcome: OutcomeView?, others: [String]
    ) {
        self.id = id
        self.reference = reference
        self.stream = stream
        self.window = window
        self.scriptCommand = scriptCommand
        self.workingDirectory = workingDirectory
        self.relaxed = relaxed
        self.snapshot = snapshot
        self.outcome = outcome
        self.others = others
    }

    enum CodingKeys: String, CodingKey {
        case id, reference, stream, window, relaxed, snapshot, outcome, others
        case scriptCommand = "script_command"
        case workingDirectory = "working_directory"
    }
}
