import Command
import Configuration
import Glibc
import Linux
import Sandbox

/// One command in a sandbox of its own, without a Launcher.
struct SandboxedRun {
    var policy: Policy
    var command: [String]
    /// Where the report goes, if anywhere.
    var reportPath: String?
    /// Where an outcome that the status alone does not tell is said.
    var errors: Output
    /// Added to what every run has, or in its place.
    var environment: [String: String] = [:]
    var workingDirectory = "/scratch"
    /// Gives the command a terminal of its own, joined to this process's.
    var hasTerminal = false
    /// Refuses no system call, and reports each in the outcome.
    var isLearning = false
    /// What the policy's rootfs may mean.
    var rootfs = RootfsSource()
    /// What is run again.
    var bundle: RunBundle?

    /// What `altp run` exits with, beside the command's own status.
    enum Status {
        static let timeout: Int32 = 124
        static let failure: Int32 = 125
    }

    /// Runs the command with this process's standard streams.
    ///
    /// - Returns: the status to exit with.
    func run() throws -> Int32 { try runForOutcome().status }

    /// `run`, for a caller that needs to know what happened.
    func runForOutcome() throws -> (status: Int32, outcome: Outcome) {
        SignalForwarding.block()
        let relay = hasTerminal ? try TerminalRelay() : nil
        defer { relay?.finish() }
        let programs = Programs.beside()
        let engine = try SandboxEngine(
            settings: SandboxSettings(
                initExecutable: programs.initExecutable, commandExecutable: nil, rootfs: rootfs.definitions,
                images: rootfs.images, filterFolder: Self.filterFolder,
                diskTemplates: "\(IdentitySlot.folder)/disk-templates",
                tellLeftover: Self.tell))
        defer { engine.shutDown() }
        // Of a rootfs that is in the bundle it is known only later whether it can be used.
        var judged = policy
        if bundle?.description.rootfs.isIncluded == true { judged.rootfs = "host" }
        let findings = engine.unenforceable(judged, in: Workplace.parent)
        guard findings.isEmpty else {
            throw SandboxError(
                "this host cannot enforce the policy \(policy.name): " + findings.joined(separator: "; "))
        }
        let slot = try IdentitySlot.take { workplace in
            guard engine.clear(workplace.attempt) else { return false }
            do throws(SandboxError) {
                try workplace.remove().map(Self.tell)
            } catch {
                // It is another run's, and keeps nobody from this one.
                Self.tell("clearing up after an earlier run: \(error)")
            }
            return true
        }
        let workplace = try Workplace.make()
        try slot.record(workplace)
        var specification = SandboxSpecification(
            reference: "run/\(getpid())#1", command: command, environment: variables,
            workingDirectory: workingDirectory,
            policy: policy, identity: slot.identity, eventsLimit: Self.eventsLimit)
        let outcome: Outcome
        do {
            if let bundle { try unpack(bundle, at: workplace, engine, into: &specification) }
            outcome = try engine.run(
                specification, at: workplace.attempt, streams: [relay?.initEnd ?? 0, 1, 2], terminal: relay?.size,
                learning: isLearning
            ) { sandbox in
                relay?.start()
                SignalForwarding.forward { sandbox.terminate() }
            }
        } catch {
            try workplace.remove().map(Self.tell)
            throw error
        }
        try workplace.remove().map(Self.tell)
        engine.release(slot.identity, in: Workplace.parent)
        try slot.record(nil)
        if let reportPath { try RunReport(outcome: outcome).write(to: reportPath) }
        // The terminal is the caller's again before anything is said on it.
        relay?.finish()
        return (status(for: outcome), outcome)
    }

    private func unpack(
        _ bundle: RunBundle, at workplace: Workplace, _ engine: SandboxEngine,
        into specification: inout SandboxSpecification
    ) throws {
        let content = try bundle.unpack(into: "\(workplace.path)/bundle", identity: specification.identity)
        specification.scriptsDirectory = content.scripts
        if let processing = content.processing {
            let shared = "\(workplace.path)/processing"
            try engine.adopt(processing, asProcessing: shared, identity: specification.identity, policy: policy)
            specification.processingDirectory = shared
        }
        guard let path = content.rootfs else { return }
        engine.take(rootfs: [policy.rootfs: RootfsDefinition(name: policy.rootfs, source: .directory(path))])
    }

    /// Below the folder of the identities' locks, which is root's alone.
    private static var filterFolder: String {
        mkdir(IdentitySlot.folder, 0o700)
        return "\(IdentitySlot.folder)/filters"
    }

    /// There is a file for Events as a Script has it, and nobody who takes them.
    private static let eventsLimit: Int64 = 1 << 20

    private var variables: [String: String] {
        var variables = Self.environment.merging(environment) { _, given in given }
        if hasTerminal, variables["TERM"] == nil, let kind = getenv("TERM") {
            variables["TERM"] = String(cString: kind)
        }
        return variables
    }

    private static let environment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/scratch", "TMPDIR": "/tmp", "LANG": "C.UTF-8",
    ]

    private func status(for outcome: Outcome) -> Int32 {
        switch outcome.kind {
        case .setup where outcome.exitStatus == nil: say(outcome)
        case .success, .soft, .hard: break
        default: say(outcome)
        }
        switch outcome.kind {
        case .timeout, .cpuTime: return Status.timeout
        case .setup where outcome.exitStatus == nil, .lost: return Status.failure
        default: break
        }
        if let signal = outcome.signal { return 128 + Int32(signal) }
        // A limit ended it, and its first process left in good order all the same: that must not look like success.
        if let status = outcome.exitStatus, status != 0 || outcome.kind == .success { return Int32(status) }
        return 128 + SIGKILL
    }

    /// Called from any thread, so past `errors`.
    @Sendable private static func tell(_ leftover: Leftover) { tell(leftover.description) }

    private static func tell(_ caution: String) {
        let line = Array("altp run: caution: \(caution)\n".utf8)
        _ = Glibc.write(2, line, line.count)
    }

    private func say(_ outcome: Outcome) { try? errors.print("altp run: \(outcome.kind.rawValue): \(outcome.reason)") }
}

/// The executables of this installation.
struct Programs {
    var initExecutable: String
    var command: String

    /// Those that lie beside this one.
    static func beside() -> Programs {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        let own = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        let folder = own.split(separator: "/").dropLast().joined(separator: "/")
        return Programs(initExecutable: "/\(folder)/altp-init", command: own)
    }
}
