// The store's rows as values. Times are milliseconds since the epoch; JSON columns are text that the Launcher reads.

package struct EventRecord: Sendable, Hashable {
    package var id: Int64
    package var type: String
    /// The deduplication key: unique within the type, unless sent with force.
    package var key: String
    /// A JSON object of the parameters.
    package var params: String
    /// Who sent it: `cli:root`, `script:42/discover#1`.
    package var source: String
    package var createdAt: Int64

    package init(id: Int64, type: String, key: String, params: String, source: String, createdAt: Int64) {
        self.id = id
        self.type = type
        self.key = key
        self.params = params
        self.source = source
        self.createdAt = createdAt
    }
}

package enum ProcessingStatus: String, Sendable, Hashable, CaseIterable {
    /// Created; no Script of it has started since it was created or rerun.
    case waiting
    /// A Script runs, or the next one waits to start, or a retry is due later.
    case running
    case success
    case failed
    case cancelled

    package var isFinal: Bool { self == .success || self == .failed || self == .cancelled }
}

package struct ProcessingRecord: Sendable, Hashable {
    package var id: Int64
    package var task: String
    /// Content hash of the Task's definition that it runs.
    package var definition: String
    /// Content hash of the Task's scripts; nil when the Task has no scripts folder.
    package var scripts: String?
    package var event: Int64?
    /// A JSON object of the parameters, all of the Task's, defaults filled in.
    package var params: String
    package var priority: Int
    package var status: ProcessingStatus
    /// The outcome that ended it, by name; `success` when it succeeded.
    package var outcome: String?
    /// The Script it is at, ended at or failed at, by name.
    package var script: String?
    /// One sentence on how it ended.
    package var reason: String?
    package var createdAt: Int64
    package var startedAt: Int64?
    package var endedAt: Int64?
    /// The block of uids that it holds; nil before its directories exist and after they are gone.
    package var uidBlock: UInt32?
    /// Its pass over the chain, from 1; a rerun begins the next.
    package var run: Int
    /// When its directories may go; nil while it has not ended.
    package var expiresAt: Int64?
    /// The fingerprint of what it failed of; nil unless it has failed.
    package var cause: String?
    /// How often its state was written; the store counts, whatever is given to it.
    package var revision: Int64 = 0

    package init(
        id: Int64, task: String, definition: String, scripts: String?, event: Int64?, params: String, priority: Int,
        status: ProcessingStatus, outcome: String? = nil, script: String? = nil, reason: String? = nil,
        createdAt: Int64,
        startedAt: Int64? = nil, endedAt: Int64? = nil, uidBlock: UInt32? = nil, run: Int = 1, expiresAt: Int64? = nil,
        cause: String? = nil
    ) {
        self.id = id
        self.task = task
        self.definition = definition
        self.scripts = scripts
        self.event = event
        self.params = params
        self.priority = priority
        self.status = status
        self.outcome = outcome
        self.script = script
        self.reason = reason
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.uidBlock = uidBlock
        self.run = run
        self.expiresAt = expiresAt
        self.cause = cause
    }
}

package enum AttemptState: String, Sendable, Hashable, CaseIterable {
    /// Recorded before its sandbox is made, so that a crash in between is found.
    case running
    case ended
}

package struct AttemptRecord: Sendable, Hashable {
    package var processing: Int64
    package var script: String
    /// From 1, within the Processing and the Script.
    package var number: Int
    /// The Processing's run that it belongs to.
    package var run: Int
    package var state: AttemptState
    /// The outcome's name, once ended.
    package var outcome: String?
    /// The whole outcome as JSON, once ended (`Sandbox.Outcome`).
    package var outcomeDetail: String?
    /// How it was asked to end, by its Script or by who cancelled the Processing, as JSON, when it was.
    package var ending: String?
    /// Progress as the Script reported it, 0 to 100, and its line of text.
    package var progress: Double?
    package var progressText: String?
    package var startedAt: Int64
    package var endedAt: Int64?
    /// Which run of the host's kernel it was recorded in; nil in rows of former versions.
    package var boot: String?
    /// What its Script asked for beside its end, as JSON, when it did.
    package var wishes: String?
    /// When it could have started, were there nothing to wait for; nil when that is not known.
    package var queuedAt: Int64?
    /// The fingerprint of what it failed of; nil unless it has.
    package var cause: String?

    package init(
        processing: Int64, script: String, number: Int, run: Int = 1, state: AttemptState, outcome: String? = nil,
        outcomeDetail: String? = nil, ending: String? = nil, progress: Double? = nil, progressText: String? = nil,
        startedAt: Int64,
        endedAt: Int64? = nil, boot: String? = nil, wishes: String? = nil, queuedAt: Int64? = nil,
        cause: String? = nil
    ) {
        self.processing = processing
        self.script = script
        self.number = number
        self.run = run
        self.state = state
        self.outcome = outcome
        self.outcomeDetail = outcomeDetail
        self.ending = ending
        self.progress = progress
        self.progressText = progressText
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.boot = boot
        self.wishes = wishes
        self.queuedAt = queuedAt
        self.cause = cause
    }
}

/// What is stored of a Task beside its file.
package struct TaskRecord: Sendable, Hashable {
    package var name: String
    package var paused: Bool
    package var pauseReason: String?
    /// When it last fired, for `every` and `cron`.
    package var lastTick: Int64?

    package init(name: String, paused: Bool = false, pauseReason: String? = nil, lastTick: Int64? = nil) {
        self.name = name
        self.paused = paused
        self.pauseReason = pauseReason
        self.lastTick = lastTick
    }
}

/// One line of a Processing's history.
package struct JournalEntry: Sendable, Hashable {
    package var at: Int64
    package var text: String

    package init(at: Int64, text: String) {
        self.at = at
        self.text = text
    }
}

/// Somebody's stay in an attempt's sandbox.
package struct EntryRecord: Sendable, Hashable {
    package var id: Int64
    package var processing: Int64
    package var script: String
    package var number: Int
    /// `cli:root`
    package var who: String
    /// A JSON list; nil for a shell.
    package var command: String?
    /// What was relaxed, by name.
    package var relaxed: [String]
    package var snapshot: Bool
    package var startedAt: Int64
    package var endedAt: Int64?
    /// How it ended, in words.
    package var ending: String?

    /// `42/calibrate#1`
    package var reference: String { "\(processing)/\(script)#\(number)" }

    package init(
        id: Int64, processing: Int64, script: String, number: Int, who: String, command: String?, relaxed: [String],
        snapshot: Bool, startedAt: Int64, endedAt: Int64? = nil, ending: String? = nil
    ) {
        self.id = id
        self.processing = processing
        self.script = script
        self.number = number
        self.who = who
        self.command = command
        self.relaxed = relaxed
        self.snapshot = snapshot
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.ending = ending
    }
}
