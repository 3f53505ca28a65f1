/// A Processing: `GET /processings`, `GET /processings/{id}`
package struct ProcessingView: Sendable, Hashable, Codable {
    package var id: Int64
    package var task: String
    /// `waiting`, `running`, `success`, `failed` or `cancelled`.
    package var status: String
    /// The outcome that ended it, by name.
    package var outcome: String?
    /// The Script it is at, ended at or failed at.
    package var script: String?
    /// One sentence on how it ended.
    package var reason: String?
    /// The fingerprint of what it failed of, `GET /causes/{fingerprint}`; absent unless it has failed.
    package var cause: String?
    /// The Event that caused it.
    package var event: Int64?
    package var params: [String: ParameterValue]
    package var priority: Int
    /// Content hashes of the definition and the scripts that it runs.
    package var definition: String
    package var scriptsHash: String?
    package var createdAt: Timestamp
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
    /// What people and Scripts say of it, by keys; absent in the stream and in what is delivered.
    package var labels: [String: String]?
    /// In the order of the chain; absent in lists.
    package var scripts: [ScriptView]?
    /// What happened to it, oldest first; absent in lists.
    package var history: [HistoryEntryView]?
    /// Where its directories lie on the host, while they are there; absent in lists, and for a Script.
    package var directory: String?
    /// Where logs, outcomes and lists of files lie of a failure whose directories are gone; absent in lists, and for a Script.
    package var remnant: String?
    /// Who keeps its directories; absent in lists, and when nobody does.
    package var pinnedBy: String?

    package init(
        id: Int64, task: String, status: String, outcome: String?, script: String?, reason: String?, event: Int64?,
        params: [String: ParameterValue], priority: Int, definition: String, scriptsHash: String?, createdAt: Timestamp,
        startedAt: Timestamp?, endedAt: Timestamp?, labels: [String: String]? = nil, scripts: [ScriptView]? = nil,
        history: [HistoryEntryView]? = nil, directory: String? = nil, remnant: String? = nil, pinnedBy: String? = nil,
        cause: String? = nil
    ) {
        self.id = id
        self.task = task
        self.status = status
        self.outcome = outcome
        self.script = script
        self.reason = reason
        self.event = event
        self.params = params
        self.priority = priority
        self.definition = definition
        self.scriptsHash = scriptsHash
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.labels = labels
        self.scripts = scripts
        self.history = history
        self.directory = directory
        self.remnant = remnant
        self.pinnedBy = pinnedBy
        self.cause = cause
    }

    enum CodingKeys: String, CodingKey {
        case id, task, status, outcome, script, reason, event, params, priority, definition, scripts, history, directory
        case remnant, labels, cause
        case pinnedBy = "pinned_by"
        case scriptsHash = "scripts_hash"
        case createdAt = "created_at"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

/// One line of a Processing's history.
package struct HistoryEntryView: Sendable, Hashable, Codable {
    package var at: Timestamp
    package var text: String

    package init(at: Timestamp, text: String) {
        self.at = at
        self.text = text
    }
}

/// A Script of a Processing with its attempts. State, outcome and progress are the last attempt's.
package struct ScriptView: Sendable, Hashable, Codable {
    package var name: String
    /// `pending` (no attempt yet), `running` or `ended`.
    package var state: String
    package var outcome: String?
    /// 0 to 100, as the Script reported it.
    package var progress: Double?
    package var progressText: String?
    /// In order.
    package var attempts: [AttemptView]

    package init(
        name: String, state: String, outcome: String?, progress: Double?, progressText: String?, attempts: [AttemptView]
    ) {
        self.name = name
        self.state = state
        self.outcome = outcome
        self.progress = progress
        self.progressText = progressText
        self.attempts = attempts
    }

    enum CodingKeys: String, CodingKey {
        case name, state, outcome, progress, attempts
        case progressText = "progress_text"
    }
}
