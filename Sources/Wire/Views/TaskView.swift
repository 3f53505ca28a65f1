/// A Task: `GET /tasks`, `GET /tasks/{name}`
package struct TaskView: Sendable, Hashable, Codable {
    package struct Trigger: Sendable, Hashable, Codable {
        /// `every`, `cron`, `event` or `manual`; the fields that belong to it are present.
        package var kind: String
        package var every: String?
        package var cron: String?
        package var timezone: String?
        package var eventType: String?

        package init(
            kind: String, every: String? = nil, cron: String? = nil, timezone: String? = nil, eventType: String? = nil
        ) {
            self.kind = kind
            self.every = every
            self.cron = cron
            self.timezone = timezone
            self.eventType = eventType
        }

        enum CodingKeys: String, CodingKey {
            case kind, every, cron, timezone
            case eventType = "event_type"
        }
    }

    package struct Parameter: Sendable, Hashable, Codable {
        package var name: String
        package var type: String
        package var required: Bool
        package var `default`: String?
        package var description: String?

        package init(name: String, type: String, required: Bool, default: String?, description: String?) {
            self.name = name
            self.type = type
            self.required = required
            self.default = `default`
            self.description = description
        }
    }

    package var name: String
    package var description: String?
    package var trigger: Trigger
    package var params: [Parameter]
    package var priority: Int
    package var maxRunning: Int?
    /// How long directories are kept after a success and after a failure, such as `7d`.
    package var keepSuccess: String
    package var keepFailed: String
    package var scripts: [ScriptDefinitionView]
    package var paused: Bool
    package var pauseReason: String?
    /// For `every` and `cron`.
    package var nextAt: Timestamp?
    package var waiting: Int
    package var running: Int
    /// Its file is broken; what is here is the last good definition.
    package var problem: String?

    package init(
        name: String, description: String?, trigger: Trigger, params: [Parameter], priority: Int, maxRunning: Int?,
        keepSuccess: String, keepFailed: String, scripts: [ScriptDefinitionView], paused: Bool, pauseReason: String?,
        nextAt: Timestamp?, waiting: Int, running: Int, problem: String?
    ) {
        self.name = name
        self.description = description
        self.trigger = trigger
        self.params = params
        self.priority = priority
        self.maxRunning = maxRunning
        self.keepSuccess = keepSuccess
        self.keepFailed = keepFailed
        self.scripts = scripts
        self.paused = paused
        self.pauseReason = pauseReason
        self.nextAt = nextAt
        self.waiting = waiting
        self.running = running
        self.problem = problem
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, description, trigger, params, priority, scripts, paused, waiting, running, problem
        case maxRunning = "max_running"
        case keepSuccess = "keep_success"
        case keepFailed = "keep_failed"
        case pauseReason = "pause_reason"
        case nextAt = "next_at"
    }
}

/// One step of a Task's chain, as it is defined.
package struct ScriptDefinitionView: Sendable, Hashable, Codable {
    package var name: String
    /// The argument vector; a shell line is its third, after `/bin/sh -c`.
    package var command: [String]
    package var policy: String
    /// By name, in the notation of policy files: `memory: 1G`.
    package var limits: [String: String]
    package var pools: [String: Int]
    /// Attempts after the first.
    package var retries: Int
    /// The outcomes that are worth another attempt.
    package var retryOn: [String]

    package init(
        name: String, command: [String], policy: String, limits: [String: String], pools: [String: Int], retries: Int,
        retryOn: [String]
    ) {
        self.name = name
        self.command = command
        self.policy = policy
        self.limits = limits
        self.pools = pools
        self.retries = retries
        self.retryOn = retryOn
    }

    enum CodingKeys: String, CodingKey {
        case name, command, policy, limits, pools, retries
        case retryOn = "retry_on"
    }
}
