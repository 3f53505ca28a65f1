import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What a policy says, said by options of `altp run`.
    @Suite struct RunOptionTests {
        private func run(_ options: [String], _ command: [String]) throws -> ChildProcess.Ended {
            try execute([try Installation.path(of: "altp"), "run"] + options + ["--"] + command)
        }

        struct Wrong: Sendable, CustomTestStringConvertible {
            var options: [String]
            var message: String
            var testDescription: String { options.joined(separator: " ") }
        }

        static let wrong: [Wrong] = [
            Wrong(
                options: ["--memory", "4GB"],
                message: "--memory: expected a size such as 512K, 16M or 4G of at least 1M; got \"4GB\""),
            Wrong(options: ["--cpu", "0"], message: "--cpu: expected a number above 0, at most 4096; got \"0\""),
            Wrong(
                options: ["--pids", "8", "--wall-time", "5"],
                message: "--wall-time: expected a duration such as 30s, 5m or 2h of at least 1ms; got \"5\""),
            Wrong(
                options: ["--io-read-ops", "none"],
                message: "--io-read-ops: expected a whole number from 1 to 1000000000; got \"none\""),
            Wrong(
                options: ["--capability", "CAP_CHWON"],
                message: "--capability: expected names of capabilities(7) such as CAP_CHOWN; got \"CAP_CHWON\"; "
                    + "did you mean \"CAP_CHOWN\"?"),
            Wrong(options: ["--device", "/dev/none"], message: "--device: /dev/none cannot be found"),
            Wrong(
                options: ["--mount", "/proc:/host"],
                message: "--mount: source: /proc lies in /proc, which is never handed to a sandbox"),
            Wrong(
                options: ["--mount", "/etc:/usr"],
                message: "--mount: target: /usr: every sandbox has its own /usr; choose another place"),
            Wrong(
                options: ["--mount", "/etc:/x:rx"], message: "--mount: mode: expected one of ro, rw; got \"rx\""),
            Wrong(options: ["--mount", "/etc"], message: "--mount: ‘/etc’ is not SOURCE:TARGET"),
            Wrong(options: ["--mount", "/etc:/x:ro:rw"], message: "‘/etc:/x:ro:rw’ is not SOURCE:TARGET"),
            Wrong(
                options: ["--seccomp", "lax"],
                message: "--seccomp: expected default, strict, none or a FILE.json; got \"lax\""),
            Wrong(options: ["--network", ""], message: "--network: "),
            Wrong(options: ["--env", "1A=b"], message: "--env: ‘1A=b’ is not NAME=VALUE"),
            Wrong(options: ["--workdir", "tmp"], message: "--workdir: ‘tmp’ is not an absolute path in the sandbox"),
            Wrong(options: ["--report", "-"], message: "--report: the standard output is the command's"),
        ]

        @Test(arguments: wrong) func aWrongValueIsAMisuseThatSaysWhatWasExpected(_ test: Wrong) throws {
            let ended = try run(test.options, ["true"])
            #expect(ended.status == 2)
            #expect(ended.errors.contains(test.message), "\(ended.errors)")
        }

        @Test func optionsReplaceThePolicysValuesAndAddToItsLists() throws {
            let attack = try Attack()
            let first = try attack.folder("first")
            let second = try attack.folder("second")
            try #require(chown(second, 65_534, 65_534) == 0)
            try attack.stage.write(
                "p.yaml",
                """
                limits: {open_files: 99, pids: 33}
                capabilities: [CAP_CHOWN]
                mounts: [{source: \(first), target: /first}]

                """)
            let ended = try run(
                [
                    "--policy", "\(attack.stage.path)/p.yaml", "--open-files", "77", "--capability", "kill", "--mount",
                    "\(second):/second:rw:owner=nobody", "--env", "GREETING=a=b c", "--workdir", "/second", "--env",
                    "HOME=/tmp",
                ],
                [
                    "sh", "-c",
                    "ulimit -n; grep CapEff /proc/self/status; echo \"$GREETING $HOME\"; pwd; touch made; ls -d /first",
                ])
            #expect(
                ended.output.filter { $0 != "\t" }
                    == "77\nCapEff:0000000000000021\na=b c /tmp\n/second\n/first\n", "\(ended.errors)")
            var status = stat()
            #expect(stat("\(second)/made", &status) == 0 && status.st_uid == 65_534)
        }

        @Test func aLimitOfAnOptionIsTheOneThatEndsIt() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let ended = try run(
                ["--wall-time", "200ms", "--grace", "1s", "--report", "\(folder.path)/report.json"], ["sleep", "30"])
            #expect(ended.status == 124)
            let report = try folder.read("report.json")
            #expect(report.contains("\"version\" : 1"), "\(report)")
            #expect(report.contains("\"kind\" : \"timeout\""))
            #expect(report.contains("\"name\" : \"wall_time\""))
        }
    }
}
