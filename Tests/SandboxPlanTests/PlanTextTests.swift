import SandboxPlan
import Testing

@Suite struct PlanTextTests {
    static let steps: [PlanStep] = [
        .watch(.memoryPeak, path: "/sys/fs/cgroup/altp/1/memory.peak"), .join(.v1, path: "/c/pids/tasks"),
        .join(.v2, path: "/c/altp/42"), .watchOutOfMemory(path: "/c/memory/42"),
        .makeNetwork, .startNetwork(arguments: ["/usr/bin/slirp4netns", "-c", "a b"]),
        .filterNetwork(program: "/usr/sbin/nft", rules: "table inet altp {\n\tchain c { }\n}\n"),
        .awaitNetwork(interface: "tap0", address: "fd00::100", gateway: "fd00::2"), .makeRoot(directory: "/state/root"),
        .makeOverlayRoot(
            directory: "/state/root", layers: OverlayLayers(lower: "/images/a b", upper: "/state/u", work: "/state/w"),
            map: IdentityMap(
                uids: [.init(onDisk: 0, seen: 1_879_048_192, count: 65_536)],
                gids: [.init(onDisk: 0, seen: 1_879_048_192, count: 65_536)])),
        .makeOverlayRoot(
            directory: "/state/root", layers: OverlayLayers(lower: "/i", upper: "/u", work: "/w", middle: "/m"),
            map: IdentityMap(uids: [], gids: [])),
        .overlay(path: "/scratch", layers: OverlayLayers(lower: "/p", upper: "/u", work: "/w")),
        .mountImageReadOnly(image: "/state/disk/image", directory: "/state/disk/mounted"),
        .lend(source: "/srv/tools", target: "/debug"), .endGroup(path: "/c/pids/42/session.7"), .joinMounts,
        .deviceFolder(path: "/dev"),
        .directory(path: "/etc", mode: 0o755), .symlink(path: "/bin", target: "usr/bin"),
        .file(path: "/etc/passwd", mode: 0o644, content: "root:x:0:0\n\ttab and \\ backslash\n"),
        .device(path: "/dev/null", major: 1, minor: 3),
        .ownedDevice(path: "/dev/fuse", kind: .character, major: 10, minor: 229, owner: 7),
        .ownedDevice(path: "/dev/loop0", kind: .block, major: 7, minor: 0, owner: .max),
        .bind(source: "/srv/a b", target: "/archive", flags: [.readOnly, .noSetUID, .recursive], map: nil),
        .bind(
            source: "/srv/p", target: "/products", flags: [],
            map: IdentityMap(
                uids: [.init(onDisk: 33, seen: 1_879_049_192)],
                gids: [.init(onDisk: 33, seen: 7), .init(onDisk: 0, seen: 65_534)])),
        .tmpfs(path: "/tmp", mode: 0o1777, size: 1 << 30, inodes: 1024), .devpts(path: "/dev/pts"),
        .mountImage(image: "/state/disk/image", directory: "/state/disk/mounted"),
        .ownedDirectory(path: "/state/disk/mounted/scratch", owner: 1_879_049_192),
        .watchDisk(path: "/state/disk/mounted"), .watchQuota(project: 1_879_048_192),
        .events(path: "/run/altp-events", owner: 1000, limit: 1 << 20),
        .proc(path: "/proc"),
        .mask(path: "/proc/kcore"), .readOnly(path: "/proc/sys"), .enterRoot,
    ]

    @Test(arguments: steps)
    func readsTheStepThatItWrote(_ step: PlanStep) {
        #expect(PlanStep(fields: step.fields) == step)
    }

    @Test func readsThePlanThatItWrote() throws {
        var plan = Plan()
        plan.steps = Self.steps
        plan.hostName = "42-load-1"
        plan.sharesNetwork = true
        plan.firstUID = 1_879_048_192
        plan.uidCount = 65_536
        plan.uid = 1000
        plan.gid = 1000
        plan.capabilities = 1 << 40 | 1
        plan.workingDirectory = "/scratch"
        plan.arguments = ["/bin/sh", "-c", "echo \"a\tb\"\nexit 3", ""]
        plan.environment = ["A=", "B=\\n", "ÄÖ=ü"]
        plan.resourceLimits = [ResourceLimit(resource: 7, soft: 1024, hard: .max)]
        plan.standardStreams = .log(limit: 1 << 24)
        plan.endsWithStarter = true
        plan.isHeld = true
        plan.wallMilliseconds = 1
        plan.graceMilliseconds = 2
        plan.cpuMilliseconds = 3
        plan.cpuMillicores = 1500
        plan.filter.instructions = 6
        plan.filter.newestCalls = [3_221_225_534: 450, 1_073_741_827: 451]
        plan.filter.denial = .kill
        plan.filter.denials = [
            DenialRule(
                architecture: 3_221_225_534, number: 41,
                conditions: [.init(index: 0, comparison: .maskedEqual, value: 2, mask: 0xff)], answer: .error(97)),
            DenialRule(architecture: 1_073_741_827, number: 59, answer: .kill),
            DenialRule(architecture: 1_073_741_827, number: 60, answer: .proceed),
        ]
        #expect(try Plan(text: plan.text) == plan)
        for streams in [StandardStreams.inherited, .terminal(rows: 24, columns: .max)] {
            plan.standardStreams = streams
            #expect(try Plan(text: plan.text) == plan)
        }
    }

    /// A plan whose command has no words is still one: that it cannot be executed is said where it is tried.
    @Test func readsAPlanWithoutACommand() throws {
        #expect(try Plan(text: Plan().text) == Plan())
    }

    @Test(arguments: [
        "nonsense", "step", "step\tnet\tx", "step\tnet-start", "step\tnet-filter\t/usr/sbin/nft",
        "step\tnet-await\ttap0", "step\tbind\t/a\t/b", "step\tbind\t/a\t/b\tbogus", "step\ttmpfs\t/tmp\t9\t1\t1",
        "uids\t-1\t5", "uids\t1", "step\tdevice\t/d\t1\t2\tx\t3", "capabilities\tall",
        "filter\t1\t2\tnever", "rlimit\t7\tmany\t1", "streams\tlog", "streams\tterminal\t24\t70000", "wall\t1",
        "step\tbind\t/a\t/b\tro\tu1:4294967296", "step\tbind\t/a\t/b\tro\tx1:2",
    ])
    func refusesALineThatIsNoneOfAPlan(_ line: String) {
        #expect(throws: PlanSyntaxError(line: 2, text: line)) { try Plan(text: "hostname\tx\n\(line)\n") }
    }
}

@Suite struct WallTimeFileTests {
    @Test(arguments: [1, 90_000, .max] as [Int64])
    func isReadBack(milliseconds: Int64) {
        #expect(WallTimeFile.limit(WallTimeFile.text(milliseconds)) == milliseconds)
    }

    @Test(arguments: ["", "\n", "90000", "0\n", "-1\n", "90 \n", "9e3\n", "99999999999999999999\n", "1\n2\n"])
    func isNothingElse(text: String) { #expect(WallTimeFile.limit(text) == nil) }
}
