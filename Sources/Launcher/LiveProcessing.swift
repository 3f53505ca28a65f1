import Configuration
import Sandbox
import Store

/// A Processing that has not ended, as the Launcher has it in memory.
struct LiveProcessing {
    var record: ProcessingRecord
    let definition: TaskDefinition
    var chain: Chain
    /// That caused it; nil when none did, or when it is still to be read.
    var event: EventRecord?
    /// Events that wait for their turn; one at a time is taken, so that steps never interleave.
    var inbox: [Step] = []
    var isBusy = false
    /// The attempt under way, as it is stored.
    var attempt: AttemptRecord?
    var sandbox: RunningSandbox?
    /// When the attempt that waits could have started, were there nothing to wait for.
    var queuedAt: Int64?
    /// The attempt under way was the first to need the Processing's block of uids.
    var tookBlock = false
    /// Why the state folder keeps it from going on, while it does.
    var obstacle: String?
    var progressSavedAt: Int64 = 0
    var progressIsSaved = true
    /// How many requests of the attempt under way are in the history.
    var requestsNoted = 0
    /// Its wall-time limit is being extended.
    var isExtending = false

    enum Step {
        case event(Chain.Event, actor: String?)
        /// Somebody waits for what becomes of it.
        case asked(Chain.Event, actor: String, Request)
        /// The attempt's sandbox has ended.
        case outcome(Outcome, of: Chain.Attempt)
    }

    func script(_ name: String) -> ScriptDefinition? { definition.scripts.first { $0.name == name } }
}

/// A Task as the Launcher has it.
struct LiveTask {
    var definition: TaskDefinition
    var definitionText: String
    var definitionHash: String
    var record: TaskRecord
    var ticks: Ticks?
    var problem: String?
    /// Changes that were begun.
    var changes = 0
}
