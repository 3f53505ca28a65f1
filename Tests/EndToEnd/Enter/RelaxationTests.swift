import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What is named is loosened, and nothing else.
    @Suite struct RelaxationTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var relaxed: String
            var network = false
            var seccomp = false
            var limits = false

            var testDescription: String { relaxed.isEmpty ? "nothing" : relaxed }
        }

        static let cases = [
            Case(relaxed: ""), Case(relaxed: "network", network: true), Case(relaxed: "seccomp", seccomp: true),
            Case(relaxed: "limits", limits: true),
            Case(relaxed: "network,seccomp,limits", network: true, seccomp: true, limits: true),
        ]

        @Test(arguments: cases)
        func loosensWhatIsNamed(_ test: Case) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let options = test.relaxed.isEmpty ? [] : ["--relax", test.relaxed]
                func inside(_ line: String) throws -> String { try host.inside("\(id)", options, line) }

                let network = try inside("readlink /proc/self/ns/net")
                #expect((network == HostProcess.namespace("net", of: getpid()).map { "\($0)\n" }) == test.network)
                let names = try String(contentsOfFile: "/etc/hosts", encoding: .utf8)
                #expect((try inside("cat /etc/hosts") == names) == test.network)

                #expect(try inside("grep ^Seccomp: /proc/self/status") == "Seccomp:\t\(test.seccomp ? 0 : 2)\n")
                let unshared = try host.enter("\(id)", options, "unshare", "--user", "true")
                #expect((unshared.status == 0) == test.seccomp)

                let memory = try host.enter("\(id)", options, "python3", "-c", "data = bytearray(200 << 20)")
                #expect(memory.status == (test.limits ? 0 : 137))
                let files = try inside("ulimit -n")
                #expect((files != "1024\n") == test.limits)
                // Whatever is loosened: these are not.
                #expect(
                    try inside("id -u; grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status")
                        == "1000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n")
                #expect(try host.entries().allSatisfy { $0.relaxed == test.relaxed })
                // What is outside of the attempt's groups is ended and removed too.
                _ = try host.enter("\(id)", options, "sh", "-c", "setsid sleep 3000.\(getpid()) & exit 0")
                #expect(HostProcess.find(commandLine: ["sleep", "3000.\(getpid())"]) == nil)
            }
        }

        @Test func aRunningScriptCouldUseItAndSoItIsRefused() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begun()
                for name in ["network", "seccomp", "limits"] {
                    let ended = try host.enter("\(id)", ["--relax", name], "true")
                    #expect(ended.status != 0)
                    #expect(ended.errors.contains("runs, and could use for itself what a session beside it may"))
                }
                try host.altp("cancel", "\(id)")
                try host.ended(id)
            }
        }

        @Test func toolsAreBroughtReadOnly() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            chmod(folder.path, 0o755)
            try folder.write("bin/probe", "#!/bin/sh\necho \"probing $1\"\n", mode: 0o755)
            try withHost(EnteredTasks.files) { host in
                let running = try host.begun()
                for id in [try host.failed("failing"), running] {
                    let line = "probe this; cat /debug/bin/probe | wc -l; touch /debug/x 2>&1; exit 0"
                    let text = try host.inside("\(id)", ["--with", folder.path], line)
                    #expect(text.hasPrefix("probing this\n2\n"))
                    #expect(text.contains("Read-only file system"))
                    // Nobody else has them.
                    #expect(try host.inside("\(id)", "ls /debug; command -v probe || echo none") == "none\n")
                }
                let missing = try host.enter("\(running)", ["--with", "\(folder.path)/nowhere"], "true")
                #expect(missing.status != 0)
                #expect(missing.errors.contains("\(folder.path)/nowhere"))
                try host.altp("cancel", "\(running)")
                try host.ended(running)
            }
        }
    }
}
