import Glibc

/// A terminal of the caller's that is for a time in raw mode: what is typed is read as it is, the characters that make
/// signals among it (termios(3), cfmakeraw).
///
/// The modes that it had come back by `end`, and also when this process crashes.
package struct RawTerminal: Sendable {
    private let descriptor: Int32
    private let saved: termios

    /// - Parameter descriptor: a terminal's.
    package init(_ descriptor: Int32) throws(SystemError) {
        var modes = termios()
        try check("tcgetattr", "the terminal") { tcgetattr(descriptor, &modes) }
        self.descriptor = descriptor
        saved = modes
    }

    /// In characters; nil when the terminal does not say.
    package var size: (rows: UInt16, columns: UInt16)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return (size.ws_row, size.ws_col)
    }

    package func begin() {
        crashModes = saved
        crashDescriptor = descriptor
        Self.handleCrashes()
        var raw = saved
        cfmakeraw(&raw)
        tcsetattr(descriptor, TCSADRAIN, &raw)
    }

    /// In the background the terminal is another's, who has set its modes, and setting them would stop this process (SIGTTOU).
    package func end() {
        crashDescriptor = -1
        let foreground = tcgetpgrp(descriptor)
        guard foreground < 0 || foreground == getpgrp() else { return }
        var modes = saved
        tcsetattr(descriptor, TCSADRAIN, &modes)
    }

    private static func handleCrashes() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in
            if crashDescriptor >= 0 { tcsetattr(crashDescriptor, TCSANOW, &crashModes) }
            // The default action again (SA_RESETHAND), once this handler has returned.
            raise(signal)
        }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        for signal in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGSEGV, SIGFPE] { sigaction(signal, &action, nil) }
    }
}

// What a crash's handler gives back; a process has one terminal in raw mode at a time. Written before the handler is
// installed, and by the same thread afterwards.
private nonisolated(unsafe) var crashDescriptor: Int32 = -1
private nonisolated(unsafe) var crashModes = termios()
