import Configuration
import Glibc
import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct SessionPlanTests {
    static func specification(_ command: [String] = ["calibrate.py"], network: NetworkAccess = .none)
        -> SandboxSpecification
    {
        var policy = Policy(name: "p")
        policy.network = network
        return SandboxSpecification(
            reference: "42/calibrate#1", command: command, environment: [:], workingDirectory: "/processing",
            policy: policy, identity: SandboxIdentity(firstUID: 1000))
    }

    static let sandbox: Plan = {
        var plan = Plan()
        plan.steps = [
            .watch(.memoryOOMControl, path: "/m/o"), .watch(.pidsEvents, path: "/p/e"), .join(.v1, path: "/m/tasks"),
            .makeRoot(directory: "/r"),
        ]
        (plan.firstUID, plan.uidCount, plan.uid, plan.gid) = (70_000, 65_536, 1000, 1000)
        plan.capabilities = 5
        plan.workingDirectory = "/processing"
        plan.environment = ["HOME=/scratch", "PATH=/scripts:/bin", "LANG=C.UTF-8", "EMPTY=", "PARAM_A=b=c"]
        plan.resourceLimits = [ResourceLimit(resource: 7, soft: 16, hard: 16)]
        plan.wallMilliseconds = 1000
        return plan
    }()

    static func plan(_ request: SessionRequest, network: NetworkAccess = .none) -> Plan {
        SessionPlan(
            sandbox: sandbox, request: request, reference: "42/calibrate#1",
            specification: specification(network: network),
            groupSteps: [.join(.v1, path: "/m/tasks"), .endGroup(path: "/p/session-7")], filter: nil
        ).plan()
    }

    @Test func isTheSandboxInAllThatConcernsItsProcesses() {
        let plan = Self.plan(SessionRequest(command: ["ls", "-l"]))
        let sandbox = Self.sandbox
        #expect(plan.arguments == ["ls", "-l"])
        #expect((plan.firstUID, plan.uidCount, plan.uid, plan.gid) == (70_000, 65_536, 1000, 1000))
        #expect(plan.capabilities == sandbox.capabilities)
        #expect(plan.workingDirectory == sandbox.workingDirectory)
        #expect(plan.resourceLimits == sandbox.resourceLimits)
        #expect(plan.standardStreams == .inherited)
        // No time ends a session.
        #expect(plan.wallMilliseconds == 0)
        #expect(
            plan.environment.sorted() == [
                "EMPTY=", "HOME=/scratch", "LANG=C.UTF-8", "PARAM_A=b=c", "PATH=/scripts:/bin:/run/altp-session",
            ])
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var request: SessionRequest
        var network = NetworkAccess.none
        /// Steps beside those that all have, by their first words.
        var steps: [String]
        var path = "/scripts:/bin:/run/altp-session"
        var openFiles: UInt64? = 16

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "plain", request: SessionRequest(command: ["ls"]), steps: ["watch memory.oom_control"]),
        Case(
            name: "tools", request: SessionRequest(command: ["ls"], with: "/srv/tools"),
            steps: ["watch memory.oom_control", "lend /srv/tools"],
            path: "/scripts:/bin:/run/altp-session:/debug:/debug/bin:/debug/sbin"),
        Case(
            name: "network", request: SessionRequest(command: ["ls"], relax: [.network]),
            steps: [
                "watch memory.oom_control", "file /run/altp-session/hosts", "bind /run/altp-session/hosts",
                "file /run/altp-session/resolv.conf", "bind /run/altp-session/resolv.conf",
                "file /run/altp-session/nsswitch.conf", "bind /run/altp-session/nsswitch.conf",
            ]),
        Case(
            name: "network that it had", request: SessionRequest(command: ["ls"], relax: [.network]), network: .host,
            steps: ["watch memory.oom_control"]),
        // What the sandbox runs out of is not the session's.
        Case(name: "limits", request: SessionRequest(command: ["ls"], relax: [.limits]), steps: [], openFiles: nil),
        Case(
            name: "filter", request: SessionRequest(command: ["ls"], relax: [.seccomp]),
            steps: ["watch memory.oom_control"]),
    ]

    @Test(arguments: cases)
    func adds(_ test: Case) {
        let plan = Self.plan(test.request, network: test.network)
        let all = [
            "join v1", "end-group /p/session-7", "join-mounts", "tmpfs /run/altp-session",
            "file /run/altp-session/rerun-script",
        ]
        let steps = plan.steps.map { $0.fields.prefix(2).joined(separator: " ") }
        #expect(steps.filter { !all.contains($0) } == test.steps)
        #expect(steps.filter { all.contains($0) } == all)
        #expect(plan.environment.contains("PATH=\(test.path)"))
        if let openFiles = test.openFiles {
            #expect(plan.resourceLimits.map(\.soft) == [openFiles])
        } else {
            #expect(plan.resourceLimits != Self.sandbox.resourceLimits)
        }
        // The host's files are in sight until the mounts are joined, and not after.
        let joined = steps.firstIndex(of: "join-mounts")
        #expect(steps.lastIndex { $0.hasPrefix("lend") || $0.hasPrefix("watch") } ?? 0 < joined ?? 0)
        #expect(steps.firstIndex { $0.hasPrefix("tmpfs") } ?? 0 > joined ?? 0)
    }

    static let prompts: [(SessionRequest, String)] = [
        (SessionRequest(), "[42/calibrate#1] "), (SessionRequest(snapshot: true), "[42/calibrate#1 (snapshot)] "),
        (SessionRequest(relax: [.limits, .network]), "[42/calibrate#1 (relaxed: network, limits)] "),
        (
            SessionRequest(relax: [.seccomp], snapshot: true), "[42/calibrate#1 (snapshot; relaxed: seccomp)] "
        ),
    ]

    @Test(arguments: prompts)
    func aShellSaysWhereItIs(_ request: SessionRequest, _ prompt: String) throws {
        let plan = Self.plan(request)
        #expect(plan.arguments.prefix(2) == ["/bin/sh", "-c"])
        let line = try #require(plan.arguments.last)
        #expect(line.contains("PS1='\(prompt)\\w\\$ '"))
        #expect(line.contains("exec bash --noprofile --norc"))
        // Nothing that is typed is left in the attempt's directories.
        #expect(plan.environment.contains("HISTFILE="))
        #expect(plan.environment.contains("INPUTRC=/etc/inputrc"))
    }

    @Test func givenVariablesTakeTheOthersPlaceButNotForTheScript() throws {
        let plan = Self.plan(
            SessionRequest(command: ["ls"], environment: ["LANG": "de_DE.UTF-8", "TERM": "xterm", "PATH": "/nowhere"]))
        #expect(plan.environment.contains("LANG=de_DE.UTF-8"))
        #expect(plan.environment.contains("TERM=xterm"))
        let script = try #require(Self.rerunScript(in: plan))
        #expect(script.contains("\nunset TERM\n"))
        #expect(script.contains("\nexport LANG='C.UTF-8'\n"))
        #expect(script.contains("\nexport PATH='/scripts:/bin'\n"))
    }

    private static func rerunScript(in plan: Plan) -> String? {
        for case .file(let path, _, let content) in plan.steps where path.hasSuffix("/rerun-script") { return content }
        return nil
    }

    static let commands: [([String], String)] = [
        (["calibrate.py"], "exec 'calibrate.py'\n"), (["sh", "-c", "a 'b' $C"], "exec 'sh' '-c' 'a '\\''b'\\'' $C'\n"),
        (["x", "", "a\nb", "\\"], "exec 'x' '' 'a\nb' '\\'\n"), (["x", "'"], "exec 'x' ''\\'''\n"),
    ]

    @Test(arguments: commands)
    func theScriptsCommandIsQuoted(_ command: [String], _ line: String) throws {
        let plan = SessionPlan(
            sandbox: Self.sandbox, request: SessionRequest(command: ["ls"]), reference: "42/calibrate#1",
            specification: Self.specification(command), groupSteps: [], filter: nil
        ).plan()
        let script = try #require(Self.rerunScript(in: plan))
        #expect(script.hasPrefix("#!/bin/sh\n"))
        #expect(script.hasSuffix("cd '/processing' || exit\n\(line)"))
    }
}

@Suite struct ReopenedPlanTests {
    static let map = IdentityMap(uids: [.init(onDisk: 0, seen: 1, count: 2)], gids: [])
    static let layers = OverlayLayers(lower: "/image", upper: "/a/upper", work: "/a/work")
    static let scratch = PlanStep.bind(source: "/a/scratch", target: "/scratch", flags: [.noSetUID], map: nil)
    static let shared = PlanStep.bind(source: "/p/shared", target: "/processing", flags: [.noSetUID], map: nil)
    static let archive = PlanStep.bind(source: "/srv", target: "/srv", flags: [.readOnly], map: nil)
    static let products = PlanStep.bind(source: "/out", target: "/out", flags: [.noSetUID, .recursive], map: map)
    static let disk = PlanStep.mountImage(image: "/a/disk/image", directory: "/a/disk/mounted")
    static let owned = PlanStep.ownedDirectory(path: "/a/disk/mounted/scratch", owner: 7)

    static func reopened(_ snapshot: SnapshotLayers?) -> Plan {
        var original = Plan()
        original.steps = [
            .watch(.pidsPeak, path: "/old/peak"), .join(.v1, path: "/old/tasks"), .watchOutOfMemory(path: "/old"), disk,
            owned, .watchDisk(path: "/a/disk/mounted"), .watchQuota(project: 7),
            .makeOverlayRoot(directory: "/a/root", layers: layers, map: map), scratch, shared, archive, products,
            .enterRoot,
        ]
        original.arguments = ["calibrate.py"]
        (original.wallMilliseconds, original.cpuMilliseconds) = (1000, 500)
        original.standardStreams = .log(limit: 5)
        original.filter.instructions = 3
        original.hostName = "42-calibrate-1"
        return ReopenedPlan(
            original: original, root: "/s/root",
            groupSteps: [
                .watch(.memoryEvents, path: "/new/e"), .watch(.pidsPeak, path: "/new/peak"), .join(.v2, path: "/new"),
            ], snapshot: snapshot
        ).plan()
    }

    @Test func isTheAttemptsInAnotherGroupAndPlaceAndWithoutItsCommand() {
        let plan = Self.reopened(nil)
        #expect(
            plan.steps == [
                .watch(.memoryEvents, path: "/new/e"), .join(.v2, path: "/new"), Self.disk, Self.owned,
                .makeOverlayRoot(directory: "/s/root", layers: Self.layers, map: Self.map), Self.scratch, Self.shared,
                Self.archive, Self.products, .enterRoot,
            ])
        #expect(plan.isHeld)
        #expect((plan.wallMilliseconds, plan.cpuMilliseconds) == (0, 0))
        // Nothing is run here that a filter could be for: each session has it.
        #expect(plan.filter == FilterPlan())
        #expect(plan.hostName == "42-calibrate-1")
    }

    @Test func aSnapshotCoversWhatTheScriptWroteTo() {
        let own = PlanStep.mountImage(image: "/s/disk/image", directory: "/s/disk/mounted")
        let plan = Self.reopened(SnapshotLayers(directory: "/s/layers", steps: [own]))
        func over(_ lower: String, _ name: String) -> OverlayLayers {
            OverlayLayers(lower: lower, upper: "/s/layers/\(name)", work: "/s/layers/\(name)-work")
        }
        #expect(
            plan.steps == [
                .watch(.memoryEvents, path: "/new/e"), .join(.v2, path: "/new"), own,
                .mountImageReadOnly(image: "/a/disk/image", directory: "/a/disk/mounted"),
                .makeOverlayRoot(
                    directory: "/s/root",
                    layers: OverlayLayers(
                        lower: "/image", upper: "/s/layers/upper", work: "/s/layers/work", middle: "/a/upper"),
                    map: Self.map),
                .overlay(path: "/scratch", layers: over("/a/scratch", "scratch")),
                .overlay(path: "/processing", layers: over("/p/shared", "processing")), Self.archive,
                .bind(source: "/out", target: "/out", flags: [.noSetUID, .recursive, .readOnly], map: Self.map),
                .enterRoot,
            ])
    }
}

@Suite struct SessionEndTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var end: InitReport.End
        var interruption: InitReport.Interruption?
        var sandboxHasEnded = false
        var denials: [InitReport.Denial] = []
        var status: Int32
        var text: String

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "exit", end: .exited(status: 0), status: 0, text: "exit status 0"),
        Case(name: "failure", end: .exited(status: 7), status: 7, text: "exit status 7"),
        Case(name: "signal", end: .signaled(15), status: 143, text: "signal 15"),
        Case(name: "kill", end: .signaled(9), status: 137, text: "signal 9"),
        Case(
            name: "kill with its sandbox", end: .signaled(9), sandboxHasEnded: true, status: 137,
            text: "its sandbox has ended"),
        Case(
            name: "exit beside its sandbox's end", end: .exited(status: 3), sandboxHasEnded: true, status: 3,
            text: "exit status 3"),
        Case(
            name: "from outside", end: .signaled(9), interruption: .terminated, status: 137,
            text: "it was ended from outside"),
        Case(
            name: "denied call", end: .signaled(9), interruption: .deniedCall,
            denials: [InitReport.Denial(architecture: 0xc000_003e, number: 272, count: 1, killed: true)], status: 137,
            text: "it called unshare, which its seccomp policy answers by ending it"),
        Case(
            name: "not found", end: .setup(step: "execute ls", errno: ENOENT), status: 127,
            text: "execute ls: No such file or directory"),
        Case(
            name: "no directory", end: .setup(step: "execute a/ls", errno: ENOTDIR), status: 127,
            text: "execute a/ls: Not a directory"),
        Case(
            name: "not executable", end: .setup(step: "execute ls", errno: EACCES), status: 126,
            text: "execute ls: Permission denied"),
        Case(name: "no number", end: .setup(step: "join: too few", errno: 0), status: 126, text: "join: too few"),
    ]

    @Test(arguments: cases)
    func isToldAsAShellWould(_ test: Case) {
        var report = InitReport()
        report.end = test.end
        report.interruption = test.interruption
        report.denials = test.denials
        let end = SessionEnd(report, sandboxHasEnded: test.sandboxHasEnded)
        #expect(end.status == test.status)
        #expect(end.text == test.text)
        #expect(end.deniedCalls.map(\.name) == test.denials.map { _ in "unshare" })
    }
}
