/// A named chain of Scripts with a trigger: `tasks/NAME.yaml`.
package struct TaskDefinition: Sendable, Hashable, Codable {
    package var name: String
    package var description: String?
    package var trigger: Trigger
    /// In the order of the file.
    package var params: [Parameter]
    package var environment: [String: String]
    package var priority: Int
    /// Processings of this Task that may run at the same time; nil for no limit of its own.
    package var maxRunning: Int?
    package var keep: Keep
    package var scripts: [ScriptDefinition]

    package init(
        name: String, description: String? = nil, trigger: Trigger = .manual, params: [Parameter] = [],
        environment: [String: String] = [:], priority: Int = 0, maxRunning: Int? = nil, keep: Keep = Keep(),
        scripts: [ScriptDefinition]
    ) {
        self.name = name
        self.description = description
        self.trigger = trigger
        self.params = params
        self.environment = environment
        self.priority = priority
        self.maxRunning = maxRunning
        self.keep = keep
        self.scripts = scripts
    }
}

package enum Trigger: Sendable, Hashable, Codable {
    case every(Timespan)
    /// A five-field expression, valid as written (checked when the file is read), in a zone of the tz database.
    case cron(expression: String, timezone: String)
    /// The type of Event that starts a Processing.
    case event(String)
    /// By `altp task trigger` alone.
    case manual
}

package struct Parameter: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case string
        case number
        case integer
        case boolean
    }

    package var name: String
    package var kind: Kind
    package var required: Bool
    /// As text, in the form that `${name}` and `PARAM_NAME` receive.
    package var defaultValue: String?
    package var description: String?

    package init(
        name: String, kind: Kind = .string, required: Bool = false, defaultValue: String? = nil,
        description: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.required = required
        self.defaultValue = defaultValue
        self.description = description
    }
}

/// How long a Processing's directories are kept after its end.
package struct Keep: Sendable, Hashable, Codable {
    package var success = Timespan(seconds: 0)
    package var failed = Timespan(seconds: 7 * 86_400)

    package init() {}
    package init(success: Timespan, failed: Timespan) {
        self.success = success
        self.failed = failed
    }
}

/// One step of a chain, with its policy resolved: the policy that the Script or its Task names, under the Script's limits.
package struct ScriptDefinition: Sendable, Hashable, Codable {
    package enum Command: Sendable, Hashable, Codable {
        /// An argument vector, `${param}` filled in, no shell.
        case arguments([String])
        /// A line for `/bin/sh -c`; parameters come as variables only.
        case shell(String)
    }

    package enum WorkingDirectory: String, Sendable, Hashable, Codable, CaseIterable {
        case scratch
        case processing
    }

    package var name: String
    package var run: Command
    package var policy: Policy
    /// How much of each named pool the Script holds while it runs.
    package var pools: [String: Int]
    package var retry: Retry
    package var workingDirectory: WorkingDirectory
    package var environment: [String: String]

    package init(
        name: String, run: Command, policy: Policy, pools: [String: Int] = [:], retry: Retry = Retry(),
        workingDirectory: WorkingDirectory = .scratch, environment: [String: String] = [:]
    ) {
        self.name = name
        self.run = run
        self.policy = policy
        self.pools = pools
        self.retry = retry
        self.workingDirectory = workingDirectory
        self.environment = environment
    }
}

/// When a failed attempt is followed by another.
package struct Retry: Sendable, Hashable, Codable {
    /// Attempts after the first; 3 unless given, so that a soft failure is rerun without a word in the Task file.
    package var limit = 3
    package var delay = Timespan(seconds: 30)
    package var backoff = 2.0
    package var maxDelay = Timespan(seconds: 600)
    /// The outcomes that are worth another attempt.
    package var on: Set<OutcomeKind> = [.soft]
    /// How often in a run an attempt may ask to be run again, which `limit` does not count; nil for the usual.
    package var again: Int?

    package var mostAgains: Int { again ?? 100 }

    enum CodingKeys: CodingKey { case limit, delay, backoff, maxDelay, on, again }

    package init() {}
}

/// How an attempt ended. What the kernel says outranks the exit status.
package enum OutcomeKind: String, Sendable, Hashable, Codable, CaseIterable {
    case success, soft, hard, signal, timeout
    case cpuTime = "cpu_time"
    case oom, pids, disk, seccomp, setup, lost, cancelled
}
