/// The terminal's other screen, so that what stood there is there again afterwards.
struct TerminalScreen {
    private let output: Output

    init(_ output: Output) { self.output = output }

    func enter() throws(CommandFailure) { try output.print("\u{1B}[?1049h\u{1B}[?25l", terminator: "") }

    func leave() throws(CommandFailure) { try output.print("\u{1B}[?25h\u{1B}[?1049l", terminator: "") }

    /// Replaces what is shown, line by line, so that it does not flicker.
    func show(_ text: String) throws(CommandFailure) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        try output.print("\u{1B}[H" + lines.joined(separator: "\u{1B}[K\r\n") + "\u{1B}[J", terminator: "")
    }
}
