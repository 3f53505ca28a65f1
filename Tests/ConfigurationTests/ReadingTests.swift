import Configuration
import FoundationEssentials
import Glibc
import Testing

/// What lies on the disk is not always a file that can be read.
@Suite struct ReadingTests {
    private func problems(_ folder: TestFolder) -> [String] {
        HostFolder.loadLeniently(folder.path).problems.map(\.description)
    }

    @Test(arguments: [
        ([0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0x3a, 0xff], 2, 3), ([0xff], 1, 1),
        ([0xc3, 0xbc, 0x0d, 0x0a, 0xc3, 0xbc, 0xc3, 0x28], 2, 3),
    ])
    func locatesWhatIsNotUTF8(_ bytes: [UInt8], _ line: Int, _ column: Int) {
        let problems = #expect(throws: ConfigurationProblems.self) { try YAMLReader.read(bytes, file: "x") }
        #expect(problems?.diagnostics.map { [$0.line, $0.column] } == [[line, column]])
    }

    @Test func takesNoPipeForAnEmptyPolicy() throws {
        let folder = try TestFolder(["altp.yaml": ""])
        try #require(mkfifo("\(folder.path)/policies/p.yaml", 0o600) == 0)
        #expect(problems(folder) == ["policies/p.yaml: is no regular file"])
        #expect(HostFolder.loadLeniently(folder.path).folder.policies["p"] == nil)
    }

    @Test func tellsAnAbsentFileFromOneOutOfReach() throws {
        let folder = try TestFolder([:])
        try #require(symlink("altp.yaml", "\(folder.path)/altp.yaml") == 0)
        #expect(problems(folder) == ["altp.yaml: open: Too many levels of symbolic links"])
    }

    @Test func saysThatAFileIsNoHostFolder() throws {
        let folder = try TestFolder(["x": ""])
        let message = "altp.yaml: \(folder.path)/x is no host folder: it has no altp.yaml; altp init DIR writes one"
        #expect(HostFolder.loadLeniently("\(folder.path)/x").problems.first?.description == message)
    }

    @Test func refusesMoreThanTheHostHandsOut() throws {
        let folder = try TestFolder([
            "altp.yaml": "cpu: 1.5\nmemory: 1G\n", "policies/p.yaml": "limits: {cpu: 2}\n",
            "tasks/a.yaml": "policy: p\nscripts:\n  - {name: a, run: \"true\"}\n",
            "tasks/b.yaml": "scripts:\n  - {name: a, run: \"true\", limits: {memory: 2G}}\n",
        ])
        #expect(
            problems(folder) == [
                "tasks/a.yaml:3:5: cpu: the Script needs 2 cores, and altp.yaml hands out 1.5",
                "tasks/b.yaml:2:36: memory: the Script needs 2G, and altp.yaml hands out 1G",
            ])
    }

    @Test func readsAPolicyOfNoFolder() throws {
        let folder = try TestFolder(["my.yaml": "seccomp: f.json\nlimits: {pids: 7}\n", "f.json": "{}"])
        let policy = try Policy.load(file: "\(folder.path)/my.yaml")
        #expect(policy.name == "my")
        #expect(policy.limits.pids == 7)
        #expect(policy.seccomp == .file("\(folder.path)/f.json"))
    }

    @Test func saysWhatIsWrongWithAPolicyOfNoFolder() throws {
        let folder = try TestFolder(["my.yaml": "limits: {pids: 0}\ncontrol: x\n"])
        let file = "\(folder.path)/my.yaml"
        let problems = #expect(throws: ConfigurationProblems.self) { try Policy.load(file: file) }
        #expect(
            problems?.diagnostics.map(\.description) == [
                "\(file):1:16: pids: expected a whole number from 1 to 4194304; got \"0\"",
                "\(file):2:10: control: expected one of none, self, task, host; got \"x\"",
            ])
    }
}
