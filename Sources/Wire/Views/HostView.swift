/// `GET /host`
package struct HostView: Sendable, Hashable, Codable {
    package struct Processings: Sendable, Hashable, Codable {
        package var waiting: Int
        package var running: Int

        package init(waiting: Int, running: Int) {
            self.waiting = waiting
            self.running = running
        }
    }

    package var version: String
    package var startedAt: Timestamp
    package var configuration: String
    package var state: String
    /// How many are defined.
    package var tasks: Int
    package var pausedTasks: Int
    package var processings: Processings
    /// Attempts that wait for resources or pools, and those that have them.
    package var attempts: Processings
    /// What Scripts may have of the host, and what of it they have.
    package var resources: [ResourceView]
    /// Scripts are bare processes of the host: nothing is isolated (`altp-launcher --without-sandboxes`).
    package var withoutSandboxes: Bool

    package init(
        version: String, startedAt: Timestamp, configuration: String, state: String, tasks: Int, pausedTasks: Int,
        processings: Processings, attempts: Processings, resources: [ResourceView], withoutSandboxes: Bool = false
    ) {
        self.version = version
        self.startedAt = startedAt
        self.configuration = configuration
        self.state = state
        self.tasks = tasks
        self.pausedTasks = pausedTasks
        self.processings = processings
        self.attempts = attempts
        self.resources = resources
        self.withoutSandboxes = withoutSandboxes
    }

    enum CodingKeys: String, CodingKey {
        case version, configuration, state, tasks, processings, attempts, resources
        case startedAt = "started_at"
        case pausedTasks = "paused_tasks"
        case withoutSandboxes = "without_sandboxes"
    }
}

/// `POST /host/reload`: what became of the Task files.
package struct ReloadView: Sendable, Hashable, Codable {
    package struct Finding: Sendable, Hashable, Codable {
        package var file: String
        /// From 1; 0 when the finding is about the file as a whole.
        package var line: Int
        package var column: Int
        package var message: String

        package init(file: String, line: Int, column: Int, message: String) {
            self.file = file
            self.line = line
            self.column = column
            self.message = message
        }
    }

    package var added: [String]
    package var changed: [String]
    package var removed: [String]
    /// A Task whose files have a finding keeps its old definition.
    package var problems: [Finding]

    package init(added: [String], changed: [String], removed: [String], problems: [Finding]) {
        self.added = added
        self.changed = changed
        self.removed = removed
        self.problems = problems
    }
}
