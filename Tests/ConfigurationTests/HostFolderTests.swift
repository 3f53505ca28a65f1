import Configuration
import FoundationEssentials
import Glibc
import Testing

/// A folder of one test's own.
final class TestFolder {
    let path: String

    init(_ files: [String: String]) throws {
        var template = Array("/tmp/altp-configuration-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for folder in ["tasks", "policies", "rootfs"] { mkdir("\(path)/\(folder)", 0o755) }
        for (name, content) in files { try write(name, content) }
    }

    func write(_ name: String, _ content: String) throws {
        let parts = name.split(separator: "/").dropLast()
        for index in parts.indices { mkdir("\(path)/\(parts[...index].joined(separator: "/"))", 0o755) }
        try Data(content.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct HostFolderTests {
    private static let script = "scripts:\n  - {name: a, run: \"true\"}\n"

    @Test(arguments: WrongFiles.cases + TrapFiles.cases)
    func saysWhatIsWrongAndWhere(_ test: WrongFiles.Case) throws {
        let folder = try TestFolder(["altp.yaml": "pools: {downloads: 2}\n"])
        try folder.write(test.file, test.content)
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        #expect(problems?.diagnostics.map(\.description) == test.messages)
    }

    @Test func reportsAllFilesAtOnceInOrder() throws {
        let folder = try TestFolder([
            "altp.yaml": "cpu: x\nmemory: y\n", "tasks/b.yaml": "every: z\n\(Self.script)",
            "tasks/a.yaml": "priority: z\nmax_running: z\n\(Self.script)", "policies/p.yaml": "rootfs: no\n",
        ])
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        #expect(
            problems?.diagnostics.map { "\($0.file):\($0.line)" } == [
                "altp.yaml:1", "altp.yaml:2", "policies/p.yaml:1", "tasks/a.yaml:1", "tasks/a.yaml:2", "tasks/b.yaml:1",
            ])
    }

    @Test func readsEveryKeyOfATask() throws {
        let folder = try TestFolder([
            "altp.yaml": "pools: {download: 2}\n", "policies/imagery.yaml": "limits: {memory: 2G, cpu: 1.5}\n",
            "tasks/landsat-scene.yaml": """
            description: Process one scene
            cron: "*/5 * * * *"
            timezone: Europe/Berlin
            params:
              scene: {type: string, default: LC08}
              cloud_max: {type: number, default: 40, description: Per cent}
            env: {GDAL_CACHEMAX: "64"}
            policy: imagery
            priority: -5
            max_running: 4
            keep: {success: 0s, failed: 7d}
            scripts:
              - name: load
                run: [python3, /scripts/load.py, "${scene}", $$5]
                pools: {download: 1}
                retry: {limit: 3, delay: 30s, backoff: 2, max_delay: 10m, on: [soft, timeout], again: 12}
                workdir: processing
              - name: calibrate
                run: calibrate.py "$PARAM_SCENE"
                limits: {memory: 4G}
                env: {A: b}
            """,
        ])
        let task = try #require(try HostFolder.load(folder.path).tasks["landsat-scene"])
        #expect(task.description == "Process one scene")
        #expect(task.trigger == .cron(expression: "*/5 * * * *", timezone: "Europe/Berlin"))
        #expect(
            task.params == [
                Parameter(name: "scene", defaultValue: "LC08"),
                Parameter(name: "cloud_max", kind: .number, defaultValue: "40", description: "Per cent"),
            ])
        #expect(task.environment == ["GDAL_CACHEMAX": "64"])
        #expect(task.priority == -5)
        #expect(task.maxRunning == 4)
        #expect(task.keep == Keep(success: Timespan(seconds: 0), failed: Timespan(seconds: 604_800)))
        let (load, calibrate) = (task.scripts[0], task.scripts[1])
        #expect(load.run == .arguments(["python3", "/scripts/load.py", "${scene}", "$$5"]))
        #expect(load.pools == ["download": 1])
        #expect(load.retry.delay == Timespan(seconds: 30))
        #expect(load.retry.maxDelay == Timespan(seconds: 600))
        #expect(load.retry.on == [.soft, .timeout])
        #expect(load.retry.mostAgains == 12)
        #expect(calibrate.retry.mostAgains == 100)
        #expect(load.workingDirectory == .processing)
        #expect(load.policy.limits.memory == ByteSize(bytes: 2 << 30))
        #expect(calibrate.run == .shell("calibrate.py \"$PARAM_SCENE\""))
        #expect(calibrate.policy.limits.memory == ByteSize(bytes: 4 << 30))
        #expect(calibrate.policy.limits.cpu == 1.5)
        #expect(calibrate.environment == ["A": "b"])
    }

    @Test func readsEveryKeyOfAPolicy() throws {
        let sources = try TestFolder(["archive/x": "", "products/x": ""])
        let folder = try TestFolder([
            "altp.yaml": "mount_roots: [/srv, \(sources.path)]\n",
            "policies/filter.json": "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}",
            "rootfs/debian.yaml": "directory: /srv/debian\n",
            "policies/p.yaml": """
            description: All of it
            rootfs: debian
            limits:
              cpu: 1.5
              cpu_time: 20m
              memory: 1G
              swap: 256M
              pids: 64
              open_files: 2048
              io_read: 50M
              io_write: 4K
              io_read_ops: 500
              io_write_ops: 1
              log: 1M
              wall_time: 1h30m
              wall_time_max: 4h
              grace: 0s
            network: host
            seccomp: filter.json
            capabilities: [sys_ptrace, CAP_CHOWN]
            devices: []
            mounts:
              - {source: \(sources.path)/archive, target: /archive}
              - {source: \(sources.path)/products, target: /products, mode: rw, owner: www-data}
            control: task
            """,
        ])
        let policy = try #require(try HostFolder.load(folder.path).policies["p"])
        var limits = Limits()
        limits.cpu = 1.5
        limits.cpuTime = Timespan(seconds: 1200)
        limits.swap = ByteSize(bytes: 256 << 20)
        limits.openFiles = 2048
        limits.ioRead = ByteSize(bytes: 50 << 20)
        limits.ioWrite = ByteSize(bytes: 4096)
        limits.ioReadOps = 500
        limits.ioWriteOps = 1
        limits.log = ByteSize(bytes: 1 << 20)
        limits.wallTime = Timespan(seconds: 5400)
        limits.wallTimeMax = Timespan(seconds: 14_400)
        limits.grace = Timespan(seconds: 0)
        #expect(
            policy
                == Policy(
                    name: "p", description: "All of it", rootfs: "debian", limits: limits, network: .host,
                    seccomp: .file("\(folder.path)/policies/filter.json"),
                    capabilities: [Capability(name: "CAP_CHOWN")!, Capability(name: "CAP_SYS_PTRACE")!],
                    mounts: [
                        Mount(source: "\(sources.path)/archive", target: "/archive"),
                        Mount(source: "\(sources.path)/products", target: "/products", mode: .rw, owner: "www-data"),
                    ], control: .task))
    }

    @Test func readsEveryKeyOfAHost() throws {
        let folder = try TestFolder([
            "altp.yaml": """
            state: /srv/altp
            run: /run/my-altp
            cpu: 3.5
            memory: 12G
            pools: {download: 4, gpu: 1}
            uids: {first: 200000, blocks: 10}
            cgroup: my-altp
            mount_roots: [/srv, /data]
            """
        ])
        let host = try HostFolder.load(folder.path).host
        #expect(host.state == "/srv/altp")
        #expect(host.run == "/run/my-altp")
        #expect(host.cpu == 3.5)
        #expect(host.memory == ByteSize(bytes: 12 << 30))
        #expect(host.pools == ["download": 4, "gpu": 1])
        #expect(host.uids == UIDRange(first: 200_000, blocks: 10))
        #expect(host.cgroup == "my-altp")
        #expect(host.mountRoots == ["/srv", "/data"])
    }

    @Test func refusesAFolderAsAProfile() throws {
        let folder = try TestFolder(["altp.yaml": "", "policies/p.yaml": "seccomp: d.json\n", "policies/d.json/x": ""])
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        #expect(problems?.description == "policies/p.yaml:1:10: seccomp: d.json is no regular file")
    }

    @Test func takesACollectionWhoseLinesAreCommentsForEmpty() throws {
        let folder = try TestFolder([
            "altp.yaml": "pools:\n# download: 2\n", "policies/p.yaml": "limits:\n# cpu: 2\nmounts:\n",
            "tasks/t.yaml": "params:\nenv:\nkeep:\n\(Self.script)",
        ])
        let loaded = try HostFolder.load(folder.path)
        #expect(loaded.tasks["t"]?.keep == Keep())
        #expect(loaded.policies["p"] == Policy(name: "p"))
    }

    @Test func neverClipsADelayByTheDefaultMaximum() throws {
        let folder = try TestFolder([
            "altp.yaml": "", "tasks/t.yaml": "scripts:\n  - {name: a, run: \"true\", retry: {delay: 1h}}\n",
        ])
        let retry = try #require(try HostFolder.load(folder.path).tasks["t"]?.scripts.first?.retry)
        #expect(retry.maxDelay == Timespan(seconds: 3600))
    }

    @Test func keepsGoodTasksBesideABrokenOne() throws {
        let folder = try TestFolder([
            "altp.yaml": "", "tasks/good.yaml": Self.script, "tasks/broken.yaml": "priority: x\n\(Self.script)",
        ])
        let lenient = HostFolder.loadLeniently(folder.path)
        #expect(Set(lenient.folder.tasks.keys) == ["good"])
        #expect(lenient.brokenTasks["broken"]?.map(\.line) == [1])
    }

    /// Each breaks a file that the Task `t` relies on: on a reload the Task must not run under anything else.
    @Test(arguments: [
        ["policies/p.yaml": "seccomp: strict\nlimits: {memroy: 1G}\n", "tasks/t.yaml": "policy: p\n\(script)"],
        ["policies/p.yaml": "[", "tasks/t.yaml": "scripts:\n  - {name: a, run: \"true\", policy: p}\n"],
        ["policies/default.yaml": "seccomp: strct\n", "tasks/t.yaml": script],
        ["rootfs/r.yaml": "directory: x\n", "policies/p.yaml": "rootfs: r\n", "tasks/t.yaml": "policy: p\n\(script)"],
        ["altp.yaml": "cpu: x\n", "tasks/t.yaml": script],
        ["altp.yaml": "[", "tasks/t.yaml": "scripts:\n  - {name: a, run: \"true\", pools: {x: 1}}\n"],
        ["altp.yaml": "pools: {x: 0}\n", "tasks/t.yaml": "scripts:\n  - {name: a, run: \"true\", pools: {x: 1}}\n"],
    ])
    func givesNoTaskThatReliesOnABrokenFile(_ files: [String: String]) throws {
        let folder = try TestFolder(files.merging(["altp.yaml": ""]) { given, _ in given })
        let lenient = HostFolder.loadLeniently(folder.path)
        #expect(lenient.folder.tasks.isEmpty)
        #expect(lenient.problems.count == 1, "what is wrong is reported once, at its cause")
        #expect(lenient.brokenTasks == ["t": lenient.problems])
    }

    @Test func keepsATaskThatDoesNotRelyOnTheBrokenDefault() throws {
        let folder = try TestFolder([
            "altp.yaml": "", "policies/default.yaml": "seccomp: strct\n", "policies/p.yaml": "",
            "tasks/t.yaml": "policy: p\n\(Self.script)",
            "tasks/u.yaml": "scripts:\n  - {name: a, run: \"true\", policy: p}\n",
        ])
        let lenient = HostFolder.loadLeniently(folder.path)
        #expect(Set(lenient.folder.tasks.keys) == ["t", "u"])
        #expect(lenient.folder.policies["default"] == nil)
    }

    @Test func saysThatAFolderIsNoHostFolder() {
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load("/nowhere") }
        #expect(
            problems?.description
                == "altp.yaml: /nowhere is no host folder: it has no altp.yaml; altp init DIR writes one")
    }

    @Test func acceptsWhatInitWrites() throws {
        let folder = try TestFolder(
            Dictionary(uniqueKeysWithValues: HostFolderTemplate.files.map { ($0.path, $0.content) }))
        let loaded = try HostFolder.load(folder.path)
        #expect(Set(loaded.tasks.keys) == ["discover", "process"])
    }

    @Test(arguments: [
        [UInt8](repeating: 0, count: 10), [0xff, 0x61], [0xc3, 0x28], Array("a: \u{0}b".utf8),
        Array(String(repeating: "{", count: 10_000).utf8), Array(String(repeating: "- ", count: 10_000).utf8),
        Array("? [a]\n: b".utf8), Array("%YAML 9.9\n---\na".utf8),
    ])
    func survivesHostileBytes(_ bytes: [UInt8]) {
        #expect(throws: ConfigurationProblems.self) { try YAMLReader.read(bytes, file: "x") }
    }

    /// Files with bytes changed, taken out and repeated, by a fixed sequence of numbers: each gives a value or findings.
    @Test func survivesDamage() {
        var state: UInt64 = 42
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let seeds = (WrongFiles.cases + TrapFiles.cases).map(\.content) + HostFolderTemplate.files.map(\.content)
        let alphabet = Array("{}[]:,-?&*!|>'\"%@#~<=\n\t \\0a\u{feff}\u{85}".utf8) + [0, 0x80, 0xc0, 0xff]
        var refused = 0
        for round in 0..<3000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0...random(below: 4) where !bytes.isEmpty {
                let place = random(below: bytes.count)
                switch random(below: 3) {
                case 0: bytes[place] = alphabet[random(below: alphabet.count)]
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random(below: 8)))
                default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 16)], at: place)
                }
            }
            do throws(ConfigurationProblems) {
                _ = try YAMLReader.read(bytes, file: "x")
            } catch {
                refused += 1
                let lines = bytes.split(omittingEmptySubsequences: false) { $0 == 10 || $0 == 13 }.count
                #expect(error.diagnostics.count == 1 && error.diagnostics[0].line <= 3 * lines)
            }
        }
        #expect(refused > 100)
    }

    @Test func readsALargeFile() throws {
        let text = "pools:\n" + (0..<40_000).map { "  pool-\($0): \($0 + 1)\n" }.joined()
        let folder = try TestFolder(["altp.yaml": text])
        #expect(try HostFolder.load(folder.path).host.pools.count == 40_000)
    }

    @Test func refusesALargeFile() {
        let problems = #expect(throws: ConfigurationProblems.self) {
            try YAMLReader.read([UInt8](repeating: 0x61, count: (1 << 20) + 1), file: "x")
        }
        #expect(problems?.description == "x: the file is larger than 1M")
    }

    @Test(arguments: ["x: 1\ny: \u{1b}2\n", "x: 1\r\ny: \u{1b}2\r\n", "x: 1\u{2028}y: \u{202e}2", "x: 1\ny: \t2"])
    func showsTheLineWithAMark(_ source: String) {
        let diagnostic = Diagnostic(file: "a.yaml", line: 2, column: 5, message: "wrong")
        #expect(diagnostic.text(source: source) == "a.yaml:2:5: wrong\n    y:  2\n        ^")
    }

    @Test(arguments: [(0, 0), (9, 1)])
    func showsNoLineWhereThereIsNone(_ line: Int, _ column: Int) {
        let diagnostic = Diagnostic(file: "a.yaml", line: line, column: column, message: "wrong")
        #expect(diagnostic.text(source: "x: 1\n") == diagnostic.description)
    }

    @Test func showsEveryFindingWithItsLine() throws {
        let folder = try TestFolder(["altp.yaml": "cpu: x\n", "tasks/t.yaml": "every: 5m\nscripts: 1\n"])
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        #expect(
            problems?.text(folder: folder.path) == """
                altp.yaml:1:6: cpu: expected a number above 0, at most 4096; got "x"
                    cpu: x
                         ^
                tasks/t.yaml:2:10: scripts: expected a list of Scripts; got "1"
                    scripts: 1
                             ^
                """)
    }

    @Test func forgesNoLineAndNoTerminalSequence() throws {
        let folder = try TestFolder(["altp.yaml": "\"a\\nb\\e[2J\": 1\ncpu: \"\\e]0;x\\n\\u202e\"\n"])
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        #expect(
            problems?.description == """
                altp.yaml:1:1: unknown key "a\\u{a}b\\u{1b}[2J"
                altp.yaml:2:6: cpu: expected a number above 0, at most 4096; got "\\u{1b}]0;x\\u{a}\\u{202e}"
                """)
    }

    @Test func escapesAndCutsNames() throws {
        let long = String(repeating: "x", count: 5000)
        let folder = try TestFolder([
            "altp.yaml": "", "tasks/a\u{1b}b.yaml": Self.script, "tasks/t.yaml": "policy: \(long)\n\(Self.script)",
        ])
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        let messages = try #require(problems?.diagnostics)
        #expect(messages.map(\.file) == ["tasks/a\\u{1b}b.yaml", "tasks/t.yaml"])
        #expect(messages.allSatisfy { $0.message.count <= 501 })
    }

    @Test func listsABoundedNumberOfFindings() throws {
        let folder = try TestFolder(["altp.yaml": (0..<50_000).map { "key\($0): 1\n" }.joined()])
        let problems = #expect(throws: ConfigurationProblems.self) { try HostFolder.load(folder.path) }
        #expect(problems?.diagnostics.count == 101)
        #expect(
            problems?.diagnostics.first?.description == "altp.yaml: more than 100 problems; the rest are not listed")
        #expect(problems?.diagnostics.last?.line == 100)
    }

    @Test(arguments: ["tasks", "policies", "rootfs"])
    func saysThatAFolderCannotBeListed(_ name: String) throws {
        let folder = try TestFolder(["altp.yaml": "", "tasks/t.yaml": Self.script])
        let moved = try TestFolder([:])
        try #require(rename("\(folder.path)/\(name)", "\(moved.path)/\(name).old") == 0)
        try folder.write(name, "a file in its place")
        let lenient = HostFolder.loadLeniently(folder.path)
        #expect(lenient.problems.map(\.description) == ["\(name): opendir: Not a directory"])
        #expect(lenient.absenceIsCertain == (name != "tasks"))
        // Only the policies are what this Task relies on.
        #expect(lenient.folder.tasks.keys.sorted() == (name == "rootfs" ? ["t"] : []))
        #expect(lenient.brokenTasks.keys.sorted() == (name == "policies" ? ["t"] : []))
    }

    @Test func knowsNothingOfTasksWhereThereIsNoHostFolder() {
        #expect(!HostFolder.loadLeniently("/nowhere").absenceIsCertain)
    }
}
