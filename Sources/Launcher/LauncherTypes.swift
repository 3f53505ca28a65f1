package import Configuration
package import Store

/// A request that the Launcher could not carry out, in terms of the API: `kind` is stable, the description is for people.
package struct LauncherError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// No Task, Processing, Script or attempt of that name.
        case notFound = "not-found"
        /// The input's form is right and its content is not: an unknown or missing parameter, say.
        case invalid
        /// It cannot be done in the present state: cancel of what has ended, rerun of what runs.
        case conflict
        /// It was asked for on a condition that does not hold: somebody else has changed its target.
        case preconditionFailed = "precondition-failed"
        /// The caller may not.
        case forbidden
        /// The Launcher is stopping, or its store refuses writes.
        case unavailable
    }

    package var kind: Kind
    package var description: String
    /// The input's field that is wrong, for `invalid`.
    package var field: String?

    package init(_ kind: Kind, _ description: String, field: String? = nil) {
        self.kind = kind
        self.description = description
        self.field = field
    }
}

/// What became of an Event that was sent.
package struct EventReceipt: Sendable, Hashable {
    package var event: EventRecord
    /// The Processings it caused, now or, when it is a duplicate, the first time.
    package var processings: [Int64]
    /// An Event of this type and key was there already; nothing was done.
    package var duplicate: Bool

    package init(event: EventRecord, processings: [Int64], duplicate: Bool) {
        self.event = event
        self.processings = processings
        self.duplicate = duplicate
    }
}

/// A Task as the Launcher has it.
package struct TaskState: Sendable {
    package var definition: TaskDefinition
    package var paused: Bool
    /// Who paused it and why, when paused.
    package var pauseReason: String?
    /// For `every` and `cron`: milliseconds since the epoch of the next tick.
    package var nextTick: Int64?
    package var waiting: Int
    package var running: Int
    /// The file is broken since; the definition here is the last good one.
    package var problem: String?
    /// What an action that must not overwrite another's asks for, see `Precondition`.
    package var version: String

    package init(
        definition: TaskDefinition, paused: Bool, pauseReason: String?, nextTick: Int64?, waiting: Int, running: Int,
        problem: String?, version: String = ""
    ) {
        self.definition = definition
        self.paused = paused
        self.pauseReason = pauseReason
        self.nextTick = nextTick
        self.waiting = waiting
        self.running = running
        self.problem = problem
        self.version = version
    }
}

/// What `reload` did.
package struct ReloadReport: Sendable, Hashable {
    package var added: [String] = []
    package var changed: [String] = []
    package var removed: [String] = []
    /// Findings; a Task whose files have one keeps its old definition.
    package var problems: [Diagnostic] = []

    package init() {}
}

/// Why a Processing is where it is: sentences for people, and the facts behind them.
package struct Explanation: Sendable, Hashable {
    package struct Fact: Sendable, Hashable {
        /// `pool`, `memory`, `cpu`, `task-paused`, `max-running`, `retry`, `running`, `outcome`, `limit`, `denied-call` …
        package var kind: String
        package var text: String
        /// Figures by name, where there are any: `wanted`, `free`, `limit`, `peak`, `due_at` (milliseconds), `holder` (a reference).
        package var values: [String: String]

        package init(kind: String, text: String, values: [String: String] = [:]) {
            self.kind = kind
            self.text = text
            self.values = values
        }
    }

    package var reference: String
    /// The answer in one sentence.
    package var summary: String
    package var facts: [Fact]

    package init(reference: String, summary: String, facts: [Fact]) {
        self.reference = reference
        self.summary = summary
        self.facts = facts
    }
}

/// What `gc` removes, or would, and what stays.
package struct CollectionReport: Sendable, Hashable {
    package struct Item: Sendable, Hashable {
        package var processing: Int64
        package var task: String
        package var status: ProcessingStatus
        /// What its directories hold; nil while that is not known.
        package var bytes: Int64?
        /// Why it goes; nil when it stays.
        package var cause: String?
        /// Who holds it, a phrase each.
        package var holders: [String]
        /// When its keep time is over; nil while it has not ended.
        package var keptUntil: Int64?
    }

    /// Of the state folder's file system, in bytes.
    package var total: Int64
    package var free: Int64
    package var keepFree: Int64
    /// What running Scripts may still add.
    package var reserved: Int64
    package var removed: [Item]
    package var stays: [Item]
    /// What is missing even then.
    package var missing: Int64
}

/// Which definition and scripts a rerun uses.
package enum RerunSource: Sendable, Hashable {
    /// Those that were there when the Processing was created.
    case original
    /// Today's.
    case current
}

/// How a Script asked to be ended.
package enum SelfEnding: Sendable, Hashable {
    case success(reason: String?)
    case soft(reason: String)
    case hard(reason: String)
}

/// The attempt that a peer on the sandbox's socket belongs to.
package struct ScriptPeer: Sendable, Hashable {
    package var processing: Int64
    package var script: String
    package var attempt: Int
    package var task: String
    package var control: Control

    package var reference: String { "\(processing)/\(script)#\(attempt)" }

    package init(processing: Int64, script: String, attempt: Int, task: String, control: Control) {
        self.processing = processing
        self.script = script
        self.attempt = attempt
        self.task = task
        self.control = control
    }
}
