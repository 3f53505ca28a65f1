import Sandbox
import Store

/// Somebody inside of an attempt's sandbox, or about to be.
struct LiveEntry {
    var record: EntryRecord
    /// The attempt's Script runs: it is its own sandbox.
    var isOfRunningScript: Bool
    /// It needs the Processing's disk images, which only one can have, for itself.
    var usesImages: Bool
    /// Ends the session; nil until it has come about.
    var end: (@Sendable () -> Void)?

    /// The Processing's next attempt must not change what this one looks at.
    var holdsBack: Bool { !isOfRunningScript && (!record.snapshot || usesImages) }
}

/// A sandbox that was made again, with those who use it.
struct SharedSandbox {
    var making: Task<Result<HeldSandbox, SandboxError>, Never>
    var users = 1
    /// The last one has left; it is gone when this is over.
    var ending: Task<Void, Never>?
}
