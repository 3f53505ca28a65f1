import Glibc

/// Descriptors to talk to a session by. They do not block, and are open as long as the session's object lives.
package enum SessionStreams: Sendable, Hashable {
    /// Both directions.
    case terminal(Int32)
    /// One's own ends. `endInput()` closes the first.
    case pipes(input: Int32, output: Int32, error: Int32)
}

/// A process in a sandbox to talk to, and all that it starts. Whoever gets it reads its output to the end, and waits for
/// `ended()`.
package final class SandboxSession: Sendable {
    /// That of the entry's record.
    package let id: Int64
    /// `42/calibrate#1`
    package let reference: String
    package let facts: SessionFacts
    package let streams: SessionStreams

    init(id: Int64, reference: String, facts: SessionFacts, streams: SessionStreams) {
        self.id = id
        self.reference = reference
        self.facts = facts
        self.streams = streams
    }

    /// Tells the session's terminal its new size; nothing for pipes.
    package func resize(_ size: TerminalSize) {}

    /// Sends a signal to the session's first process group.
    package func send(signal: Int32) {}

    /// Tells the session that no more input comes; with a terminal, which has no such end, nothing.
    package func endInput() {}

    /// Returns when nothing of the session runs any more.
    package func ended() async -> SessionEnd { SessionEnd(kind: .ended(reason: "it was ended")) }

    /// Kills everything of the session.
    package func end() {}
}
