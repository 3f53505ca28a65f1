import FoundationEssentials
import Glibc
import Testing
import Wire

/// A host of one test's own: its folder, its Launcher, its cgroup.
final class Host {
    let root: TemporaryFolder
    /// The name of the group that its sandboxes are in.
    let cgroup: String
    private var launcher: ChildProcess?
    private let settings: [String]
    let state: String
    /// A command that becomes the Launcher, such as nsenter(1) with its arguments.
    var prefix: [String] = []
    /// What the Launcher gets beside its folder.
    var arguments: [String] = []

    /// - Parameters:
    ///   - files: what the host folder holds, by relative path; those that end in `.sh` and `.py` are executable.
    ///   - settings: lines of altp.yaml beside its folders and its cgroup.
    ///   - state: the state folder, where it is to lie elsewhere.
    init(_ files: [String: String], settings: [String] = [], state: String? = nil) throws {
        root = try TemporaryFolder()
        self.state = state ?? "\(root.path)/state"
        cgroup = "test-\(getpid())-\(root.path.suffix(6).lowercased())"
        self.settings = settings
        try write("policies/small.yaml", "limits: {cpu: 0.5, memory: 128M, wall_time: 2m, grace: 1s}\n")
        try configure()
        for (name, content) in files { try write(name, content) }
    }

    var configuration: String { "\(root.path)/host" }
    var socket: String { "\(root.path)/run/altp.sock" }
    var pid: pid_t? { launcher?.pid }
    var isRunning: Bool { launcher?.isRunning ?? false }
    /// What the Launcher wrote to its standard error since its last start.
    var log: String { launcher?.errors ?? "" }

    /// A Task that does not say otherwise keeps its successes, so that the test can look at them.
    func write(_ name: String, _ content: String) throws {
        let executable = name.hasSuffix(".sh") || name.hasSuffix(".py")
        let isTask = name.hasPrefix("tasks/") && name.hasSuffix(".yaml") && !content.contains("keep:")
        let end = content.hasSuffix("\n") ? "" : "\n"
        try root.write(
            "host/\(name)", content + (isTask ? "\(end)keep: {success: 1h}\n" : ""), mode: executable ? 0o755 : 0o644)
    }

    /// More is handed out than there is, so that the tests' own limits decide what waits.
    private func configure() throws {
        let own = settings.contains { $0.hasPrefix("cpu:") } ? [] : ["cpu: 64", "memory: 64G"]
        let lines = ["state: \(state)", "run: \(root.path)/run", "cgroup: \(cgroup)"] + own + settings
        try write("altp.yaml", lines.joined(separator: "\n") + "\n")
    }

    // MARK: The Launcher

    func start() throws {
        let child = try ChildProcess(
            prefix + [Installation.path(of: "altp"), "serve", "--config", configuration] + arguments)
        launcher = child
        let deadline = Deadline(seconds: 30)
        while !deadline.isOver {
            if child.output.contains("ready") { return }
            guard child.isRunning else { break }
            usleep(5000)
        }
        throw TestFailure("the Launcher did not start: \(child.output) \(child.errors)")
    }

    /// Ends it with a signal, and waits until it is gone.
    @discardableResult
    func end(_ signal: Int32, seconds: Double = 30) throws -> ChildProcess.Ended {
        guard let child = launcher else { throw TestFailure("there is no Launcher to end") }
        child.signal(signal)
        let ended = try child.wait(seconds: seconds)
        launcher = nil
        return ended
    }

    func signal(_ number: Int32) { launcher?.signal(number) }

    /// Waits for a Launcher that ends on its own accord, such as after `altp stop`.
    func waitForEnd() throws -> ChildProcess.Ended {
        guard let child = launcher else { throw TestFailure("there is no Launcher") }
        let ended = try child.wait(seconds: 30)
        launcher = nil
        return ended
    }

    // MARK: The command

    @discardableResult
    func run(_ arguments: String..., seconds: Double = 60) throws -> ChildProcess.Ended {
        try run(arguments, seconds: seconds)
    }

    func run(_ arguments: [String], seconds: Double = 60) throws -> ChildProcess.Ended {
        try ChildProcess(
            [Installation.path(of: "altp")] + arguments, environment: ["ALTP_SOCKET": socket]
        ).wait(seconds: seconds)
    }

    /// What a command prints; a failure of the command is one of the test.
    @discardableResult
    func altp(_ arguments: String..., seconds: Double = 60) throws -> String {
        let ended = try run(arguments, seconds: seconds)
        guard ended.status == 0 else {
            throw TestFailure(
                "altp \(arguments.joined(separator: " ")): status \(ended.status): \(ended.output)\(ended.errors)")
        }
        return ended.output
    }

    func json<Answer: Decodable>(_ type: Answer.Type, _ arguments: String...) throws -> Answer {
        let ended = try run(arguments + ["-o", "json"])
        guard ended.status == 0 else {
            throw TestFailure("altp \(arguments): status \(ended.status): \(ended.output)\(ended.errors)")
        }
        return try WireJSON.decode(type, from: Array(ended.output.utf8))
    }

    func processings(_ arguments: String...) throws -> [ProcessingView] {
        let ended = try run(["ps", "--all", "-o", "json"] + arguments)
        guard ended.status == 0 else { throw TestFailure("altp ps: \(ended.errors)") }
        return try WireJSON.decode(PageView<ProcessingView>.self, from: Array(ended.output.utf8)).items
            .sorted { $0.id < $1.id }
    }

    func processing(_ id: Int64) throws -> ProcessingView {
        try json(ProcessingView.self, "processing", "show", "\(id)")
    }

    func why(_ id: Int64) throws -> ExplanationView { try json(ExplanationView.self, "why", "\(id)") }

    func send(_ type: String, _ id: String, _ arguments: String...) throws -> EventReceiptView {
        let ended = try run(["event", "send", type, "--id", id, "-o", "json"] + arguments)
        guard ended.status == 0 else { throw TestFailure("altp event send: \(ended.errors)") }
        return try WireJSON.decode(EventReceiptView.self, from: Array(ended.output.utf8))
    }

    /// Creates a Processing by hand.
    func trigger(_ task: String, _ arguments: String...) throws -> Int64 { try trigger(task, arguments) }

    private func trigger(_ task: String, _ arguments: [String]) throws -> Int64 {
        let ended = try run(["task", "trigger", task] + arguments)
        guard ended.status == 0, let id = ended.output.split(separator: " ").dropFirst().first.flatMap({ Int64($0) })
        else { throw TestFailure("altp task trigger \(task): \(ended.output)\(ended.errors)") }
        return id
    }

    /// The Processing once it has ended.
    @discardableResult
    func ended(_ id: Int64, seconds: Double = 60) throws -> ProcessingView {
        try eventually("Processing \(id) ends", seconds: seconds) {
            let processing = try self.processing(id)
            return processing.endedAt == nil ? nil : processing
        }
    }

    /// Creates a Processing by hand, and waits for its end.
    func complete(_ task: String, _ arguments: String...) throws -> ProcessingView {
        try ended(trigger(task, arguments))
    }

    /// Waits until the Script is said to run.
    func running(_ id: Int64, _ script: String) throws {
        _ = try eventually("\(id)/\(script) runs") {
            try self.processing(id).scripts?.first { $0.name == script }?.state == "running" ? true : nil
        }
    }

    // MARK: The end

    /// Ends the Launcher and everything that its sandboxes left, whatever state they are in.
    func close() {
        if let child = launcher {
            child.signal(SIGQUIT)
            _ = try? child.wait(seconds: 30)
            launcher = nil
        }
        for pid in sandboxed() { kill(pid, SIGKILL) }
        let deadline = Deadline(seconds: 5)
        var rest = groups()
        while !deadline.isOver, !rest.isEmpty {
            // Innermost first: a group with children stays.
            for group in rest.sorted(by: { $0.count > $1.count }) { rmdir("/sys/fs/cgroup/\(group)") }
            rest = groups()
            if !rest.isEmpty { usleep(10_000) }
        }
        root.remove()
    }

    /// What this host has on the machine now.
    func leftovers() -> [String] {
        let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        return sandboxed().map { "process \($0)" } + groups().map { "group \($0)" }
            + mounts.split(separator: "\n").filter { $0.contains(root.path) }.map { "mount \($0)" }
    }

    private func groups() -> [String] {
        HostProcess.groups(below: "/sys/fs/cgroup", named: "").filter { "/\($0)/".contains("/\(cgroup)/") }
    }

    private func sandboxed() -> [pid_t] {
        HostProcess.all().filter { pid in
            (try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8))?.contains("/\(cgroup)/") ?? false
        }
    }
}

/// Gives the test a host with a running Launcher, and afterwards checks that nothing of it is left.
func withHost(
    _ files: [String: String], settings: [String] = [], state: String? = nil, prefix: [String] = [],
    arguments: [String] = [], _ body: (Host) throws -> Void
) throws {
    let host = try Host(files, settings: settings, state: state)
    host.prefix = prefix
    host.arguments = arguments
    defer { host.close() }
    do {
        try host.start()
        try body(host)
        if host.pid != nil { try host.end(SIGQUIT) }
        #expect(host.leftovers() == [])
    } catch {
        // The log says what the test cannot know.
        Issue.record("the Launcher's log:\n\(host.log.suffix(4000))")
        throw error
    }
}

/// Asks until there is an answer.
func eventually<Value>(_ what: String, seconds: Double = 30, _ ask: () throws -> Value?) throws -> Value {
    let deadline = Deadline(seconds: seconds)
    while !deadline.isOver {
        if let value = try ask() { return value }
        usleep(20_000)
    }
    throw TestFailure("waited \(seconds) s in vain: \(what)")
}
