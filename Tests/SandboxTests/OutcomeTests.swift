import Configuration
import Glibc
import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct OutcomeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var end: InitReport.End = .exited(status: 0)
        var interruption: InitReport.Interruption?
        var outOfMemoryKills: Int64 = 0
        var pidsRefused: Int64 = 0
        var inodesPeak: Int64 = 9
        var diskFull = false
        var denials: [InitReport.Denial] = []
        var refusals: [InitReport.Refusal]?
        var networkLoss: String?
        var wallLimit: Int64 = 0
        var kind: OutcomeKind
        var limit: LimitEvidence?
        var exitStatus: Int?
        var signal: Int?
        var reason: String

        var testDescription: String { name }
    }

    static let unshare = InitReport.Denial(architecture: 0xc000_003e, number: 272, count: 2, killed: false)

    static let cases: [Case] = [
        Case(name: "success", kind: .success, exitStatus: 0, reason: "exit status 0"),
        Case(name: "soft", end: .exited(status: 75), kind: .soft, exitStatus: 75, reason: "exit status 75"),
        Case(name: "hard", end: .exited(status: 1), kind: .hard, exitStatus: 1, reason: "exit status 1"),
        Case(
            name: "hard after a refused call", end: .exited(status: 1), denials: [unshare], kind: .hard, exitStatus: 1,
            reason: "exit status 1; its seccomp policy refused it unshare 2 times"),
        Case(
            name: "hard after refused connections", end: .exited(status: 1),
            refusals: [
                .init(destination: "192.0.2.7:443", transport: "tcp", count: 3),
                .init(destination: "[2001:db8::7]:53", transport: "udp", count: 1),
            ], kind: .hard, exitStatus: 1,
            reason:
                "exit status 1; the policy's network list refused it 192.0.2.7:443/tcp 3 times, [2001:db8::7]:53/udp once"
        ),
        Case(
            name: "soft after many refused connections", end: .exited(status: 75),
            refusals: (1...6).map { .init(destination: "192.0.2.\($0):1", transport: "tcp", count: 1) }, kind: .soft,
            exitStatus: 75,
            reason:
                "exit status 75; the policy's network list refused it 192.0.2.1:1/tcp once, 192.0.2.2:1/tcp once, "
                + "192.0.2.3:1/tcp once, 192.0.2.4:1/tcp once and 2 more"),
        Case(
            name: "success in spite of refused connections",
            refusals: [.init(destination: "192.0.2.7:443", transport: "tcp", count: 3)], kind: .success, exitStatus: 0,
            reason: "exit status 0"),
        Case(
            name: "success without what was lost", refusals: [], networkLoss: "slirp4netns ended with \"signal 9\"",
            kind: .success, exitStatus: 0,
            reason: "exit status 0; its network was lost before its end: slirp4netns ended with \"signal 9\""),
        Case(
            name: "signal", end: .signaled(SIGSEGV), kind: .signal, signal: 11,
            reason: "signal 11 (Segmentation fault) ended it"),
        Case(
            name: "oom", end: .signaled(SIGKILL), interruption: .outOfMemory, outOfMemoryKills: 1, kind: .oom,
            limit: LimitEvidence(name: "memory", limit: 1 << 26, peak: 1 << 25), signal: 9,
            reason: "it needed more memory than its limit of 64M and had 32M at its peak"),
        Case(
            name: "oom of a child, exit status 0", outOfMemoryKills: 1, kind: .oom,
            limit: LimitEvidence(name: "memory", limit: 1 << 26, peak: 1 << 25), exitStatus: 0,
            reason: "it needed more memory than its limit of 64M and had 32M at its peak"),
        Case(
            name: "timeout, though it left with 0", interruption: .wallTime, kind: .timeout,
            limit: LimitEvidence(name: "wall_time", limit: 5000, peak: 1234), exitStatus: 0,
            reason: "it ran longer than its wall_time of 5s"),
        Case(
            name: "timeout of an extended time", end: .signaled(15), interruption: .wallTime, wallLimit: 90_000,
            kind: .timeout, limit: LimitEvidence(name: "wall_time", limit: 90_000, peak: 1234), signal: 15,
            reason: "it ran longer than its wall_time of 1m30s, which was extended from 5s"),
        Case(
            name: "success within an extended time", wallLimit: 90_000, kind: .success, exitStatus: 0,
            reason: "exit status 0"),
        Case(
            name: "cpu_time", end: .signaled(SIGTERM), interruption: .cpuTime, kind: .cpuTime,
            limit: LimitEvidence(name: "cpu_time", limit: 1000, peak: 999), signal: 15,
            reason: "it used 999ms of processor time; its cpu_time is 1s"),
        Case(
            name: "pids outranks the status", end: .exited(status: 75), pidsRefused: 3, kind: .pids,
            limit: LimitEvidence(name: "pids", limit: 20, peak: 20), exitStatus: 75,
            reason: "the kernel refused it 3 new processes or threads beyond its limit of 20; exit status 75"),
        Case(name: "success in spite of pids", pidsRefused: 3, kind: .success, exitStatus: 0, reason: "exit status 0"),
        Case(
            name: "a full disk", end: .exited(status: 1), diskFull: true, kind: .disk,
            limit: LimitEvidence(name: "disk", limit: 1 << 21, peak: 1 << 20), exitStatus: 1,
            reason: "it added 1M to the disk; its limit is 2M; exit status 1"),
        Case(
            name: "no inodes left", end: .exited(status: 1), inodesPeak: 50, diskFull: true, kind: .disk,
            limit: LimitEvidence(name: "inodes", limit: 50, peak: 50), exitStatus: 1,
            reason: "it made 50 files and directories; its limit of inodes is 50; exit status 1"),
        Case(
            name: "more than the disk limit in two places", end: .signaled(SIGKILL), interruption: .disk, kind: .disk,
            limit: LimitEvidence(name: "disk", limit: 1 << 21, peak: 1 << 20), signal: 9,
            reason: "it added 1M to the disk; its limit is 2M"),
        Case(name: "success on a full disk", diskFull: true, kind: .success, exitStatus: 0, reason: "exit status 0"),
        Case(
            name: "seccomp", end: .signaled(SIGKILL), interruption: .deniedCall,
            denials: [.init(architecture: 0xc000_003e, number: 101, count: 1, killed: true)], kind: .seccomp, signal: 9,
            reason: "it called ptrace, which its seccomp policy answers by ending it"),
        Case(
            name: "SIGSYS", end: .signaled(SIGSYS), kind: .seccomp, signal: 31,
            reason: "its seccomp policy ended it for a system call of another architecture, or by SIGSYS"),
        Case(
            name: "cancelled", end: .signaled(SIGTERM), interruption: .terminated, kind: .cancelled, signal: 15,
            reason: "it was ended from outside"),
        Case(
            name: "done just before it was cancelled", interruption: .terminated, kind: .success, exitStatus: 0,
            reason: "exit status 0"),
        Case(
            name: "setup", end: .setup(step: "bind /gone /archive: openat2", errno: ENOENT), kind: .setup,
            reason: "bind /gone /archive: openat2: No such file or directory"),
        Case(
            name: "not found", end: .setup(step: "execute calibrate.py", errno: ENOENT), kind: .setup, exitStatus: 127,
            reason: "execute calibrate.py: No such file or directory"),
        Case(
            name: "not executable", end: .setup(step: "execute /x", errno: EACCES), kind: .setup, exitStatus: 126,
            reason: "execute /x: Permission denied"),
    ]

    @Test(arguments: cases)
    func judges(_ test: Case) throws {
        var report = InitReport()
        report.end = test.end
        report.interruption = test.interruption
        report.outOfMemoryKills = test.outOfMemoryKills
        report.pidsRefused = test.pidsRefused
        report.inodesPeak = test.inodesPeak
        report.diskPeak = 1 << 20
        report.diskFull = test.diskFull
        report.pidsPeak = 20
        report.memoryPeak = 1 << 25
        report.cpuMilliseconds = 999
        report.wallMilliseconds = 1234
        report.denials = test.denials
        report.refusals = test.refusals
        report.networkLoss = test.networkLoss
        report.wallLimit = test.wallLimit
        report.startedAt = 1
        report.endedAt = 2
        #expect(InitReport(json: Array(report.json.utf8)) == report)

        var policy = Policy(name: "test")
        policy.limits.memory = ByteSize(bytes: 1 << 26)
        policy.limits.wallTime = Timespan(seconds: 5)
        policy.limits.cpuTime = Timespan(seconds: 1)
        policy.limits.pids = 20
        policy.limits.disk = ByteSize(bytes: 1 << 21)
        policy.limits.inodes = 50
        let specification = SandboxSpecification(
            reference: "1/a#1", command: ["a"], environment: [:], policy: policy, identity: SandboxIdentity(firstUID: 1)
        )
        let outcome = Outcome(report, of: specification)
        #expect(outcome.kind == test.kind)
        #expect(outcome.limit == test.limit)
        #expect(outcome.exitStatus == test.exitStatus)
        #expect(outcome.signal == test.signal)
        #expect(outcome.reason == test.reason)
        #expect(outcome.refusedConnections?.map(\.destination) == test.refusals?.map(\.destination))
    }

    @Test(arguments: [
        "", "{", "null", "[]", "{\"version\":1}", "{\"version\":2,\"exit_status\":0}",
        "{\"version\":1,\"exit_status\":99999999999999999999}",
    ])
    func takesNothingElseForAReport(_ text: String) {
        #expect(InitReport(json: Array(text.utf8)) == nil)
    }
}
