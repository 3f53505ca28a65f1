import Glibc

/// What a verb is given of the process it runs in: where it prints and what it was started with.
package final class Context {
    package let environment: [String: String]
    package let output: Output
    package let errors: Output
    /// Milliseconds since the epoch.
    package var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    package init(environment: [String: String], output: Output, errors: Output) {
        self.environment = environment
        self.output = output
        self.errors = errors
    }

    /// The process's own.
    package static func current() -> Context {
        let environment = ProcessEnvironment.all()
        let colour = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        return Context(
            environment: environment, output: Output(descriptor: STDOUT_FILENO, colour: colour),
            errors: Output(descriptor: STDERR_FILENO, colour: colour))
    }

    /// Whether this is a Script's sandbox: the Launcher sets the variable there.
    package var isInsideSandbox: Bool { environment["ALTP_PROCESSING"] != nil }
}

private enum ProcessEnvironment {
    static func all() -> [String: String] {
        var result: [String: String] = [:]
        var position = environ
        while let entry = position.pointee {
            let text = String(cString: entry)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                result[String(text[..<equals])] = String(text[text.utf8.index(after: equals)...])
            }
            position += 1
        }
        return result
    }
}

/// A descriptor that text and bytes are printed to, whole, at once.
package final class Output {
    package let descriptor: Int32
    package let isTerminal: Bool
    package let style: Style

    package init(descriptor: Int32, colour: Bool) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        style = Style(isOn: isTerminal && colour)
    }

    /// The terminal's columns; nil when it is none or does not say.
    package var width: Int? {
        var size = winsize()
        guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The terminal's rows; nil when it is none or does not say.
    package var height: Int? {
        var size = winsize()
        guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return nil }
        return Int(size.ws_row)
    }

    /// - Throws: `CommandFailure` when the text cannot be written, on a full disk for one: what was printed is then not complete.
    package func print(_ text: String, terminator: String = "\n") throws(CommandFailure) {
        try write(Array((text + terminator).utf8))
    }

    package func write(_ bytes: some Collection<UInt8>) throws(CommandFailure) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            } else if errno != EINTR {
                throw CommandFailure("cannot write the output: write: \(String(cString: strerror(errno)))")
            }
        }
    }
}
