import Configuration
import Glibc

struct Check: Verb {
    static let name = "check"
    static let summary = "Check a host folder: every problem with its file, line and column"
    static let discussion =
        "Needs no Launcher. The exit status is 1 when there is a problem; altp serve would refuse to start."
    static let examples = [
        Example("altp check", "The folder /etc/altp."),
        Example("altp check ./host", "One that is being written."),
    ]

    @Argument("DIR", help: "The host folder; /etc/altp unless given.") var folder: String?

    func run(in context: Context) throws {
        let path = folder ?? "/etc/altp"
        do {
            let folder = try HostFolder.load(path)
            try context.output.print(Self.summary(folder))
        } catch let error as ConfigurationProblems {
            try context.output.print(Printable.lines(error.text(folder: path)))
            throw CommandFailure(Self.count(error.diagnostics.count, "problem") + " in \(Printable.line(path)).")
        }
    }

    static func summary(_ folder: HostFolder) -> String {
        let policies = folder.policies.count
        return "\(count(folder.tasks.count, "task")), \(policies) polic\(policies == 1 ? "y" : "ies"): no problems"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}

struct Init: Verb {
    static let name = "init"
    static let summary = "Write a commented host folder to begin with"
    static let discussion = "Needs no Launcher. Nothing that exists is overwritten."
    static let examples = [Example("altp init ./host", "Then: altp check ./host, and altp serve --config ./host.")]

    @Argument("DIR", help: "The folder; made when it does not exist.") var folder: String

    func run(in context: Context) throws {
        let files = HostFolderTemplate.files.map { (path: "\(folder)/\($0.path)", file: $0) }
        // Looked at before anything is written, so that a refusal leaves the folder as it was.
        for (path, _) in files where access(path, F_OK) == 0 {
            throw CommandFailure(
                "\(Printable.line(path)) exists, and nothing is overwritten. Name a folder that is new or empty.")
        }
        for (path, file) in files {
            try Self.makeParents(of: path)
            try Self.write(file, to: path)
            try context.output.print("wrote \(Printable.line(path))")
        }
        let name = Printable.line(CommandText.quote(folder))
        try context.output.print("Next: altp check \(name)   altp serve --config \(name)")
    }

    private static func makeParents(of path: String) throws(CommandFailure) {
        for index in path.indices.dropFirst() where path[index] == "/" {
            let folder = String(path[..<index])
            if mkdir(folder, 0o755) != 0, errno != EEXIST { throw failure("make", folder, "mkdir") }
        }
    }

    private static func write(_ file: HostFolderTemplate.File, to path: String) throws(CommandFailure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.isExecutable ? 0o755 : 0o644)
        guard descriptor >= 0 else { throw failure("make", path, "open") }
        let output = Output(descriptor: descriptor, colour: false)
        do {
            try output.print(file.content, terminator: "")
        } catch {
            close(descriptor)
            throw CommandFailure("\(Printable.line(path)): \(error)")
        }
        guard close(descriptor) == 0 else { throw failure("write", path, "close") }
    }

    private static func failure(_ verb: String, _ path: String, _ call: String) -> CommandFailure {
        let reason = String(cString: strerror(errno))
        return CommandFailure("cannot \(verb) \(Printable.line(path)): \(call): \(reason)")
    }
}
