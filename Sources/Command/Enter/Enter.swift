import Glibc
import Linux
import Wire

struct Enter: Verb {
    static let name = "enter"
    static let summary = "Stand in the sandbox of a Script: the running one's own, or that of one that has ended"
    static let discussion = """
        Without COMMAND you get a shell: in the Script's namespaces, root file system, directories, environment, user, limits
        and seccomp filter. The Script's own command is shown; rerun-script runs it. For a Script that has ended, all that is
        made anew of its preserved directories, and what you change there stays: altp diff shows it, altp rerun uses
        /processing as it then is. With --snapshot everything that you change is thrown away.

        A Processing stands for its last attempt. While somebody is inside, nothing of it is deleted, and its next attempt
        waits. Several people can be inside at once. When the connection ends, so does all that you have started.

        The status is the command's own, or 125 when altp itself failed, 126 when the command cannot be executed, 127 when
        there is none of that name, and 128+n when signal n ended it.
        """
    static let examples = [
        Example("altp enter 42", "A shell where the Script of Processing 42 failed."),
        Example("altp enter 42/load#1 -- ls -l /scratch", "One command, in the first attempt of load."),
        Example("altp enter 42 --snapshot -- rerun-script", "Run the Script once more, and leave no trace."),
        Example(
            "altp enter 42 --relax seccomp --with /opt/debug -- strace -f rerun-script",
            "With a tool that the sandbox lacks, which needs a system call that the policy denies."),
    ]

    /// When altp itself failed, as with `altp run`.
    static let failure = ExitStatus(125)

    @Argument("REF", help: "The Processing, Script or attempt, such as 42, 42/calibrate or 42/calibrate#2.")
    var reference: Reference
    @Flag("snapshot", short: "s", help: "Enter a view that is thrown away, so that the evidence stays as it is.")
    var snapshot: Bool
    @Option(
        "relax", placeholder: "LIST",
        help: "Leave out what was confined, for root: network, seccomp, limits; several with commas.")
    var relax: [RelaxationList]
    @Option("with", placeholder: "DIR", help: "Show this folder of the host read-only at /debug, and on the PATH.")
    var tools: String?
    @Flag("no-tty", short: "T", help: "Use pipes, also when this is a terminal.") var usesPipes: Bool
    var launcher = LauncherOptions()
    @Argument("COMMAND", required: false, remainder: true, help: "A command and its arguments, after --.")
    var command: [String]

    func run(in context: Context) throws {
        do {
            let interruption = Interruption.install()
            let client = launcher.client(context, interruption: interruption)
            let terminal = try terminal()
            let session = try open(client, terminal, context)
            let isShell = terminal != nil && command.isEmpty
            let processing = isShell ? try? client.processing(reference.processing) : nil
            let connection = try client.openWebSocket(session.stream)
            if isShell { try context.errors.print(EnterText.greeting(session, processing, context.errors.style)) }
            var relay = SessionRelay(connection, terminal: terminal, window: session.window, context)
            let end = try relay.run()
            try report(end, of: session, context)
            if isShell, let processing = try? client.processing(reference.processing) {
                try context.errors.print(EnterText.farewell(session, processing))
            }
            if end.status != 0 { throw ExitStatus(end.status) }
        } catch let failure as CommandFailure {
            // Also when the Launcher cannot be reached: any other status could be the command's.
            throw CommandFailure(failure.description, status: Self.failure)
        }
    }

    /// This process's own; nil when its streams are not all terminals, or are not to be used as one.
    private func terminal() throws -> RawTerminal? {
        guard !usesPipes, (0..<3).allSatisfy({ isatty($0) == 1 }) else { return nil }
        do {
            return try RawTerminal(STDIN_FILENO)
        } catch {
            throw CommandFailure("the standard input: \(error)")
        }
    }

    private func open(
        _ client: LauncherClient, _ terminal: RawTerminal?, _ context: Context
    ) throws -> OpenedSessionView {
        var request = OpenSession(
            script: reference.script, attempt: reference.attempt, command: command.isEmpty ? nil : command,
            relax: relax.isEmpty ? nil : relax.flatMap(\.names), snapshot: snapshot ? true : nil,
            with: try tools.map(Self.absolute))
        if let terminal {
            let size = terminal.size ?? (24, 80)
            request.terminal = TerminalSizeView(rows: size.rows, columns: size.columns)
            // What the terminal is, and nothing else of this environment: it is the Script's.
            request.environment = context.environment.filter { ["TERM", "COLORTERM", "NO_COLOR"].contains($0.key) }
        }
        let response = try client.post("/processings/\(reference.processing)/sessions", request)
        return try client.decode(OpenedSessionView.self, response.body)
    }

    private static func absolute(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw CommandFailure("--with \(Printable.line(path)): \(systemMessage(errno))")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func report(_ end: SessionExitView, of session: OpenedSessionView, _ context: Context) throws {
        if let reason = end.reason {
            try context.errors.print("altp: \(Printable.line("\(session.reference): \(reason)"))")
        }
        guard !end.deniedCalls.isEmpty else { return }
        let calls = end.deniedCalls.map { $0.count > 1 ? "\($0.name) ×\($0.count)" : $0.name }
        try context.errors.print(
            "altp: \(session.reference): its seccomp filter denied \(Printable.line(calls.joined(separator: ", ")))")
    }
}

/// `network,seccomp`
struct RelaxationList: ArgumentValue {
    var names: [String]

    init?(argument: String) {
        names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy(OpenSession.relaxations.contains) else { return nil }
    }

    static var expectation: String { "one or more of \(OpenSession.relaxations.joined(separator: ", "))" }
}
