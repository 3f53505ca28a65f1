import Glibc
import Synchronization

/// Descriptors to talk to a session by. They do not block, and are open as long as the session's object lives.
package enum SessionStreams: Sendable, Hashable {
    /// Both directions.
    case terminal(Int32)
    /// One's own ends. `endInput()` closes the first.
    case pipes(input: Int32, output: Int32, error: Int32)
}

/// A process in a sandbox to talk to, and all that it starts. Whoever gets it reads its output to the end, and waits for
/// `ended()`. When nobody has it any more, it is ended.
package final class SandboxSession: Sendable {
    /// That of the entry's record.
    package let id: Int64
    /// `42/calibrate#1`
    package let reference: String
    package let facts: SessionFacts
    package let streams: SessionStreams
    private let process: SessionProcess
    private let hasInput = Mutex(true)

    /// - Parameter streams: are closed with this.
    init(id: Int64, reference: String, facts: SessionFacts, streams: SessionStreams, process: SessionProcess) {
        self.id = id
        self.reference = reference
        self.facts = facts
        self.streams = streams
        self.process = process
        for descriptor in streams.all { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
    }

    deinit {
        process.end()
        endInput()
        streams.all.dropFirst(streams.all.count > 1 ? 1 : 0).forEach { close($0) }
    }

    /// Tells the session's terminal its new size; nothing for pipes.
    package func resize(_ size: TerminalSize) {
        guard case .terminal(let descriptor) = streams else { return }
        var size = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
    }

    /// Sends a signal to the session's first process group.
    package func send(signal: Int32) { process.send(signal: signal) }

    /// Tells the session that no more input comes; with a terminal, which has no such end, nothing.
    package func endInput() {
        guard case .pipes(let input, _, _) = streams else { return }
        hasInput.withLock { hasInput in
            if hasInput { close(input) }
            hasInput = false
        }
    }

    /// Returns when nothing of the session runs any more.
    package func ended() async -> SessionEnd { await process.ended() }

    /// The same without keeping the session from being released.
    package var ending: @Sendable () async -> SessionEnd { { [process] in await process.ended() } }

    /// Ends the session without keeping it from being released.
    package var ender: @Sendable () -> Void { { [process] in process.end() } }

    /// Kills everything of the session.
    package func end() { process.end() }
}

extension SessionStreams {
    /// The input's first.
    fileprivate var all: [Int32] {
        switch self {
        case .terminal(let descriptor): [descriptor]
        case .pipes(let input, let output, let error): [input, output, error]
        }
    }
}
