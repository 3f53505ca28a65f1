import Configuration
import Glibc
import Linux
import Sandbox

/// Sandboxes of /bin/true, one after the other, as the Launcher makes them.
struct EngineBenchmark: Sendable {
    private let engine: SandboxEngine
    private let tracing: SandboxEngine
    private let phases = PhaseList()
    private let folder: String
    private var policy = Policy(name: "bench")
    private let identity = SandboxIdentity(firstUID: 3_000_000_000)

    init(directory: String, cgroup: String, disk: ByteSize?, complain: @escaping @Sendable (String) -> Void)
        async throws
    {
        folder = directory
        var own = [UInt8](repeating: 0, count: 4096)
        let count = own.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        let beside = String(decoding: own[..<max(count, 0)], as: UTF8.self).split(separator: "/").dropLast()
            .joined(separator: "/")
        var settings = SandboxSettings(
            initExecutable: "/\(beside)/altp-init", commandExecutable: "/\(beside)/altp", cgroup: cgroup,
            diskTemplates: "\(directory)/disk-templates",
            tellLeftover: { complain("altp-bench: caution: \($0)") })
        policy.limits.disk = disk
        engine = try SandboxEngine(settings: settings)
        settings.phaseEnded = { [phases] in phases.add($0) }
        tracing = try SandboxEngine(settings: settings)
        for path in ["\(directory)/scripts", "\(directory)/socket"] { try check("mkdir", path) { mkdir(path, 0o755) } }
        try await engine.makeProcessingDirectory("\(directory)/processing", identity: identity, policies: [policy])
        let findings = engine.unenforceable(policy, in: directory)
        guard findings.isEmpty else { throw SandboxError(findings.joined(separator: "; ")) }
    }

    func end() { engine.shutDown() }

    func times() async throws -> String {
        let times = try await runOne(engine) {}
        let parts = zip(times.dropFirst(), times).map { $0 - $1 }
        return ([times.last! - times.first!] + parts).map(String.init).joined(separator: " ") + "\n"
    }

    /// Every phase lasts from the end of the one before it in time, in whichever process, to its own end.
    func phaseTimes() async throws -> String {
        var marks: [(UInt64, String)] = []
        phases.clear()
        let attempt = attemptPath
        let times = try await runOne(tracing) {
            marks =
                (try? readFile("\(attempt)/phases"))?.split(separator: "\n").compactMap { line in
                    let fields = line.split(separator: "\t", maxSplits: 1)
                    return UInt64(fields[0]).map { ($0, "pid 1: \(fields[1])") }
                } ?? []
        }
        marks += phases.all.map { ($0.0, "Launcher: \($0.1)") }
        for (time, name) in zip(times.dropFirst(), ["attempt directory", "hand over", "outcome", "remove the tree"]) {
            marks.append((time, "Launcher: \(name)"))
        }
        var before = times[0]
        var text = ""
        for (time, name) in marks.sorted(by: { $0.0 < $1.0 }) {
            text += "\(time - before)\t\(name)\n"
            before = time
        }
        return text + "\n"
    }

    private var attemptPath: String { "\(folder)/attempt" }

    /// - Parameter beforeRemoval: may look into the attempt's directory.
    /// - Returns: the times at the begin, and after preparing, starting, the outcome and the removal.
    private func runOne(_ engine: SandboxEngine, beforeRemoval: () -> Void) async throws -> [UInt64] {
        let attempt = AttemptDirectory(path: attemptPath)
        let specification = SandboxSpecification(
            reference: "1/bench#1", command: ["/bin/true"],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/scratch", "TMPDIR": "/tmp"],
            policy: policy, identity: identity, processingDirectory: "\(folder)/processing",
            scriptsDirectory: "\(folder)/scripts", socketDirectory: "\(folder)/socket")
        var times = [Self.now()]
        let prepared = try await engine.prepare(specification, at: attempt)
        times.append(Self.now())
        let sandbox = try await engine.start(prepared, at: attempt)
        times.append(Self.now())
        let outcome = await sandbox.outcome()
        times.append(Self.now())
        guard outcome.kind == .success else {
            throw SandboxError("the sandbox ended with \(outcome.kind): \(outcome.reason)")
        }
        beforeRemoval()
        let beforeTree = Self.now()
        if let leftover = try await engine.removeTree(attempt.path) { throw SandboxError(leftover.description) }
        // Looking into it is not the sandbox's time.
        times.append(times.last! + Self.now() - beforeTree)
        return times
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
