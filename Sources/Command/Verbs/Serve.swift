import Glibc

/// `altp serve`: becomes the Launcher, the executable beside this one, so that the command itself stays small.
struct Serve: Verb {
    static let name = "serve"
    static let summary = "Run the Launcher in the foreground"
    static let discussion = """
        Reads the host folder, refuses to start on a broken one (altp check says the same), takes up what still runs
        or was under way, and serves the socket in the run folder. SIGHUP reloads the Tasks; SIGTERM and Ctrl-C stop
        it, and running Scripts go on: the next Launcher takes them up.
        """
    static let examples = [
        Example("altp serve", "Serve the host that /etc/altp describes."),
        Example(
            "altp serve --config ./host --state /tmp/s --run /tmp/r",
            "Try a host folder without touching the system's state."),
    ]

    @Option("config", short: "c", placeholder: "DIR", help: "The host folder; /etc/altp unless given.") var config:
        String?
    @Option(
        "state", placeholder: "DIR",
        help: "Where Processings and the database are kept, instead of what altp.yaml says.")
    var state: String?
    @Option("run", placeholder: "DIR", help: "Where the socket altp.sock is made, instead of what altp.yaml says.")
    var run: String?
    @Option(
        "log-format", placeholder: "FORMAT", help: "How lines of the log are written, instead of what altp.yaml says.")
    var logFormat: LogFormat?

    enum LogFormat: String, CaseIterable, ArgumentValue { case text, json }
    @Flag(
        "without-sandboxes",
        help: "For development and benchmarks: Scripts are bare processes, and NOTHING is isolated.")
    var withoutSandboxes

    func run(in context: Context) throws {
        let launcher = try Self.sibling("altp-launcher")
        var arguments = [launcher]
        for (name, value) in [
            ("--config", config), ("--state", state), ("--run", run), ("--log-format", logFormat?.rawValue),
        ] {
            if let value { arguments += [name, value] }
        }
        if withoutSandboxes { arguments.append("--without-sandboxes") }
        var pointers = arguments.map { strdup($0) } + [nil]
        execv(launcher, &pointers)
        let reason = String(cString: strerror(errno))
        throw CommandFailure(
            "cannot start the Launcher: \(Printable.line(launcher)): \(reason). It is installed beside altp; is the installation complete?"
        )
    }

    /// The path of an executable that is installed beside this one.
    private static func sibling(_ name: String) throws(CommandFailure) -> String {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw CommandFailure(
                "cannot find the folder altp lies in: /proc/self/exe: \(String(cString: strerror(errno)))")
        }
        defer { free(path) }
        let own = String(cString: path)
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/" + name
    }
}
