/// What a binary message of a session's WebSocket carries: its first byte, before the bytes themselves.
package enum SessionStream: UInt8, Sendable, CaseIterable {
    /// To the session. Without bytes it is the input's end.
    case input = 0
    /// From the session; with a terminal all that it shows.
    case output = 1
    case error = 2

    /// Bytes that one message may carry.
    package static let most = 32 << 10
}

/// A text message to a session.
package struct SessionControl: RequestBody, Hashable {
    /// Its terminal has this size now.
    package var resize: TerminalSizeView?
    /// Send this signal to its first process group: one of `signals`.
    package var signal: String?

    package init(resize: TerminalSizeView? = nil, signal: String? = nil) {
        self.resize = resize
        self.signal = signal
    }

    package static let fields = ["resize", "signal"]
    /// By the names of signal(7), without SIG.
    package static let signals = ["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2"]
    /// Bytes of such a message.
    package static let most = 4096
}

/// A text message from a session.
package struct SessionNotice: Sendable, Hashable, Codable {
    /// So many more bytes of input may be sent. It lets a peer be heard, by its `SessionControl`, however much its input waits.
    package var window: Int?
    /// The last message: how it ended.
    package var exit: SessionExitView?

    package init(window: Int? = nil, exit: SessionExitView? = nil) {
        self.window = window
        self.exit = exit
    }
}

/// How a session ended.
package struct SessionExitView: Sendable, Hashable, Codable {
    /// As a shell gives it: 128+n for signal n, 126 and 127 for what could not be executed.
    package var status: Int32
    /// Set when signal n ended it.
    package var signal: Int32?
    /// Why, when its first process did not end by itself: not executed, or ended from outside.
    package var reason: String?
    /// System calls that its filter refused.
    package var deniedCalls: [OutcomeView.DeniedCall]

    package init(status: Int32, signal: Int32?, reason: String?, deniedCalls: [OutcomeView.DeniedCall]) {
        self.status = status
        self.signal = signal
        self.reason = reason
        self.deniedCalls = deniedCalls
    }

    enum CodingKeys: String, CodingKey {
        case status, signal, reason
        case deniedCalls = "denied_calls"
    }
}
