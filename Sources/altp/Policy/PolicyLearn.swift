import Command
import Configuration
import Glibc
import Linux
import Sandbox

/// `altp policy learn`
struct PolicyLearn: Verb {
    static let name = "learn"
    static let summary = "Run a command unrestricted, and write the smallest policy that lets it pass"
    static let discussion = """
        The command runs in a sandbox that refuses no system call and has generous limits, and every call is noted: it
        runs slower than usual. Then NAME.json is written, a seccomp profile of the calls that it made, and NAME.yaml, a
        policy with that profile and with limits from what was used and head-room. What one run does not do, it does not
        teach: learn from a run that is typical, and read what was written. clone and ioctl are written with the
        conditions that the default policy has for them, new namespaces and terminal injection left out.

        The command's own status is the status. Nothing is written when it did not end by itself.
        """
    static let examples = [
        Example("altp policy learn --name mosaic -- python3 mosaic.py", "Writes mosaic.json and mosaic.yaml."),
        Example("altp run --policy mosaic.yaml -- python3 mosaic.py", "Runs it under them."),
    ]

    @Option("output", short: "o", placeholder: "DIR", help: "Where to write; - prints both files. Here unless given.")
    var output = "."
    @Option("name", placeholder: "NAME", help: "The policy's name; learned unless given.") var policyName = "learned"
    @Option("policy", short: "p", placeholder: "POLICY", help: "A policy whose mounts and rootfs the command needs.")
    var policy: String?
    var policies = PolicyFolder()
    @Flag("no-network", help: "Let it run without the host's network.") var withoutNetwork: Bool
    @Argument("COMMAND", remainder: true, help: "The command and its arguments, after --.") var command: [String]

    func validate() throws(UsageError) {
        if command.isEmpty { throw UsageError("there is no COMMAND to run; it follows after --") }
        let allowed = policyName.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || UnicodeScalar($0).properties.isAlphabetic
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        if policyName.isEmpty || !allowed || policyName.hasPrefix("-") {
            throw UsageError("--name: ‘\(Printable.line(policyName))’ is not made of letters, digits, - and _")
        }
    }

    func run(in context: Context) throws {
        do {
            let base = try policy.map { try policies.policy($0) } ?? Policy(name: "learning")
            var run = SandboxedRun(
                policy: generous(base), command: command, reportPath: nil, errors: context.errors)
            run.isLearning = true
            run.rootfs = try policies.images.source(for: run.policy)
            let (status, outcome) = try run.runForOutcome()
            guard outcome.exitStatus != nil, outcome.limit == nil, outcome.kind != .setup, outcome.kind != .cancelled
            else {
                throw CommandFailure(
                    "the command did not end by itself, and nothing is written: \(outcome.reason)",
                    status: ExitStatus(status == 0 ? 1 : status))
            }
            try write(LearnedProfile(outcome), outcome.usage, base, to: context)
            if status != 0 { throw ExitStatus(status) }
        } catch let error as SandboxError {
            throw CommandFailure(error.description, status: ExitStatus(SandboxedRun.Status.failure))
        } catch let error as ConfigurationProblems {
            throw CommandFailure(error.description, status: ExitStatus(SandboxedRun.Status.failure))
        }
    }

    /// Limits that only keep a runaway command from taking the host down.
    private func generous(_ base: Policy) -> Policy {
        var policy = base
        let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        policy.limits = Limits()
        policy.limits.cpu = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        policy.limits.memory = ByteSize(bytes: max(pages / 4 * 3, 1 << 28))
        policy.limits.pids = 4096
        policy.limits.wallTime = Timespan(seconds: 86_400)
        // With a limit, however far away, what it adds can be seen.
        if DiskMethod.at(Workplace.parent) != nil { policy.limits.disk = ByteSize(bytes: 1 << 38) }
        policy.seccomp = .none
        policy.network = withoutNetwork ? .none : .host
        return policy
    }

    private func write(
        _ learned: LearnedProfile, _ usage: Usage, _ base: Policy, to context: Context
    ) throws {
        let profile = try learned.profile()
        let policy = learned.policy(command: command, profileFile: "\(policyName).json", base: base)
        if output == "-" {
            try context.output.print("# \(policyName).json\n\(profile)# \(policyName).yaml\n\(policy)", terminator: "")
        } else {
            for (name, content) in [("\(policyName).json", profile), ("\(policyName).yaml", policy)] {
                let path = "\(output)/\(name)"
                do throws(SystemError) {
                    let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
                    try file.writeAll(Array(content.utf8))
                } catch {
                    throw CommandFailure(
                        "writing \(Printable.line(path)): \(error). Nothing is overwritten: choose another --name or "
                            + "--output where it exists.")
                }
                try context.errors.print("wrote \(Printable.line(path))")
            }
        }
        let memory = usage.memoryPeak.map { "\($0 >> 10) KiB" } ?? "unknown"
        let pids = usage.pidsPeak.map { "\($0)" } ?? "unknown"
        let cpu = usage.cpuMilliseconds.map { "\($0) ms" } ?? "unknown"
        let disk = usage.diskPeak.map { "\($0 >> 10) KiB" } ?? "unknown"
        try context.errors.print(
            "learned \(learned.calls.count) calls; peaks: memory \(memory), pids \(pids), cpu time \(cpu), disk \(disk), wall time "
                + "\(usage.wallMilliseconds) ms")
    }
}
