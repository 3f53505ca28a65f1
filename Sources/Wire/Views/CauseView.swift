/// One way to fail, with how often it occurred.
package struct CauseView: Sendable, Hashable, Codable {
    /// Names it in paths, filters and `altp rerun --cause`.
    package var fingerprint: String
    package var task: String
    package var script: String
    package var outcome: String
    /// What its failures have in common, with placeholders such as `<n>` for what differs.
    package var pattern: String
    /// The last lines of the last one's log, or its reason where it had none.
    package var sample: String
    /// Processings that failed of it, and attempts that ended with it, those that were retried too: in the days asked for.
    package var processings: Int
    package var attempts: Int
    package var firstSeen: Timestamp
    package var lastSeen: Timestamp

    package init(
        fingerprint: String, task: String, script: String, outcome: String, pattern: String, sample: String,
        processings: Int, attempts: Int, firstSeen: Timestamp, lastSeen: Timestamp
    ) {
        self.fingerprint = fingerprint
        self.task = task
        self.script = script
        self.outcome = outcome
        self.pattern = pattern
        self.sample = sample
        self.processings = processings
        self.attempts = attempts
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
    }

    enum CodingKeys: String, CodingKey {
        case fingerprint, task, script, outcome, pattern, sample, processings, attempts
        case firstSeen = "first_seen"
        case lastSeen = "last_seen"
    }
}

/// "142 failures, 2 causes": `GET /causes`
package struct CausesView: Sendable, Hashable, Codable {
    /// Processings that failed, attempts that ended with a failure, and their causes: of all that the filter lets through,
    /// whether in `items` or not.
    package var failures: Int
    package var attempts: Int
    package var causes: Int
    package var items: [CauseView]

    package init(failures: Int, attempts: Int, causes: Int, items: [CauseView]) {
        self.failures = failures
        self.attempts = attempts
        self.causes = causes
        self.items = items
    }
}

/// A cause with the newest Processings that have failed of it: `GET /causes/{fingerprint}`
package struct CauseDetailView: Sendable, Hashable, Codable {
    package var cause: CauseView
    /// Not run again since, newest first; at most as many as were asked for.
    package var failed: [ProcessingView]

    package init(cause: CauseView, failed: [ProcessingView]) {
        self.cause = cause
        self.failed = failed
    }
}
