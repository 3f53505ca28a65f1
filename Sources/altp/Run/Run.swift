import Command
import Configuration
import Sandbox

/// `altp run`: one command in a sandbox, with no Launcher.
struct Run: Verb {
    static let name = "run"
    static let summary = "Run one command in a sandbox, without a Launcher"
    static let discussion = """
        The command gets a sandbox as a Script of a chain does: namespaces of its own, the host's /usr read-only, an empty
        /scratch as its working directory, and the policy's limits. Its input and output are this terminal's or pipe's;
        with --tty it has a terminal of its own, and job control with it.

        The options for limits and permissions take what a policy file takes. A value replaces the policy's; mounts,
        devices and capabilities are added to it.

        The status is the command's own, or 124 when a time limit ended it, 125 when altp itself failed, 126 when the
        command cannot be executed, 127 when there is none of that name, and 128+n when signal n ended it. The report says
        exactly what happened.

        --bundle reruns what altp export wrote: with its policy, scripts and /processing, an empty /scratch, and its own
        command, or the one after --.
        """
    static let examples = [
        Example("altp run -- python3 -c 'print(6 * 7)'", "Run a line of Python under the built-in policy."),
        Example(
            "altp run --memory 512M --network none --mount /srv/archive:/archive -- ls /archive",
            "Options say over the policy what its file could say."),
        Example("altp run --bundle 42-calibrate-1.tar", "Rerun an attempt of another host."),
        Example("altp run --tty -- bash", "A shell to look round in."),
        Example(
            "altp run --policy policies/imagery.yaml --report report.json -- sh -c 'make all'",
            "Run under a policy file's limits, and write what was used."),
    ]

    @Option(
        "policy", short: "p", placeholder: "POLICY",
        help: "A policy's name, or a file; the built-in default policy unless given.")
    var policy: String?
    var policies = PolicyFolder()
    var options = PolicyOptions()
    @Option("env", placeholder: "NAME=VALUE", help: "A variable for the command; may be repeated.")
    var variables: [VariableArgument]
    @Option("workdir", placeholder: "PATH", help: "The working directory in the sandbox; /scratch unless given.")
    var workingDirectory: PathInSandbox?
    @Option("bundle", placeholder: "FILE", help: "Rerun the attempt that altp export wrote, under the policy in it.")
    var bundle: String?
    @Flag("tty", short: "t", help: "Give the command a terminal of its own, joined to this one.") var hasTerminal: Bool
    @Option("report", short: "r", placeholder: "FILE", help: "Write outcome, evidence and usage to this file, as JSON.")
    var report: String?
    @Argument(
        "COMMAND", required: false, remainder: true,
        help: "The command and its arguments, after --; with --bundle the attempt's own unless given.")
    var command: [String]

    func validate() throws(UsageError) {
        if bundle != nil, policy != nil || !options.settings.isEmpty {
            throw UsageError("--bundle: it has a policy of its own, which no option changes")
        }
        if command.isEmpty, bundle == nil { throw UsageError("there is no COMMAND to run; it follows after --") }
        if report == "-" {
            throw UsageError("--report: the standard output is the command's; name a file, or /dev/stderr")
        }
    }

    func run(in context: Context) throws {
        do {
            var run = try bundle.map { try again($0, context) } ?? anew(context)
            for variable in variables { run.environment[variable.name] = variable.value }
            if let workingDirectory { run.workingDirectory = workingDirectory.path }
            run.hasTerminal = hasTerminal
            let status = try run.run()
            if status != 0 { throw ExitStatus(status) }
        } catch let error as SandboxError {
            throw CommandFailure(error.description, status: ExitStatus(SandboxedRun.Status.failure))
        } catch let problems as ConfigurationProblems {
            throw CommandFailure(problems.description, status: ExitStatus(SandboxedRun.Status.failure))
        }
    }

    private func anew(_ context: Context) throws -> SandboxedRun {
        var run = SandboxedRun(
            policy: try loadPolicy(), command: command, reportPath: report, errors: context.errors)
        run.rootfs = try policies.images.source(for: run.policy)
        return run
    }

    private func again(_ path: String, _ context: Context) throws -> SandboxedRun {
        let bundle = try RunBundle(path: path)
        let specification = bundle.description.specification
        var run = SandboxedRun(
            policy: try bundle.policy(try policies.sources()),
            command: command.isEmpty ? specification.command : command,
            reportPath: report, errors: context.errors)
        run.environment = specification.environment
        run.workingDirectory = specification.workingDirectory
        run.rootfs = try bundle.rootfs(policies.images, for: run.policy) {
            try context.errors.print("altp run: caution: \(Printable.line($0))")
        }
        run.bundle = bundle
        return run
    }

    private func loadPolicy() throws -> Policy {
        do {
            return try policies.policy(policy ?? "default").with(options.settings, sources: try policies.sources())
        } catch let problem as PolicySettingProblem {
            throw UsageError(problem.description)
        } catch let problems as ConfigurationProblems {
            throw CommandFailure(problems.description, status: ExitStatus(SandboxedRun.Status.failure))
        } catch let failure as CommandFailure {
            throw CommandFailure(failure.description, status: ExitStatus(SandboxedRun.Status.failure))
        }
    }
}
