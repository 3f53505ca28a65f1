import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    @Suite struct SeccompTests {
        /// Makes a call by its number with up to three arguments, and prints the error number.
        private static func call(_ number: String, _ arguments: String = "0, 0, 0") -> String {
            """
            import ctypes
            call = ctypes.CDLL(None, use_errno=True).syscall
            print(call(ctypes.c_long(\(number)), *[ctypes.c_ulong(a) for a in (\(arguments))]), ctypes.get_errno())
            """
        }

        #if arch(x86_64)
            @Test(arguments: ["0x5412", "0x541c", "0x100005412", "0xffffffff0000541c"])
            func wordsAreNotPutIntoATerminal(_ request: String) throws {
                let result = try SandboxedCommand(python: Self.call("16", "0, \(request), 0")).run()
                #expect(result.output == "-1 1\n")
                #expect(result.report.deniedCalls == [.init(name: "ioctl", count: 1, killed: false)])
            }

            @Test func otherPersonalitiesAreRefused() throws {
                let result = try SandboxedCommand(python: Self.call("135", "0x400000, 0, 0")).run()
                #expect(result.output == "-1 1\n")
                #expect(result.report.deniedCalls == [.init(name: "personality", count: 1, killed: false)])
            }

            @Test func aCallOfTheX32TableEndsItsProcess() throws {
                let result = try SandboxedCommand(python: Self.call("0x40000000 + 39")).run()
                #expect(result.report.signal == Int(SIGSYS))
                #expect(result.output.isEmpty)
            }

            /// getpid and unshare through the gate of 32-bit programs.
            private static let gate = """
                #include <stdio.h>
                static int gate(int number, int first) {
                    int result;
                    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first) : "memory");
                    return result;
                }
                int main(void) {
                    int pid = gate(20, 0);
                    printf("%d\\n", pid > 0);
                    printf("%d\\n", gate(310, 0x10000000));
                    return 0;
                }
                """

            private static func gate(_ seccomp: String) throws -> SandboxedCommand.Result {
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write("gate.c", gate)
                let built = try ChildProcess(["/usr/bin/gcc", "-o", "\(folder.path)/gate", "\(folder.path)/gate.c"])
                    .wait()
                try #require(built.status == 0, "\(built.errors)")
                try folder.write("profile.json", seccomp)
                chmod(folder.path, 0o755)
                let mount = "mounts: [{source: \(folder.path), target: /opt}]\n"
                let policy = seccomp.isEmpty ? mount : mount + "seccomp: \(folder.path)/profile.json\n"
                return try SandboxedCommand("exec /opt/gate", policy: policy).run()
            }

            @Test func a32BitCallEndsItsProcess() throws {
                let result = try Self.gate("")
                #expect(result.report.signal == Int(SIGSYS))
                #expect(result.output.isEmpty)
            }

            @Test func a32BitCallOfAProfileThatListsTheTableIsHeldToItsRules() throws {
                let result = try Self.gate(
                    """
                    {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                     "syscalls": [{"names": ["unshare"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}
                    """)
                #expect(result.output == "1\n-13\n")
                #expect(result.report.deniedCalls == [.init(name: "unshare", count: 1, killed: false)])
            }
        #endif

        @Test func whatWasLearnedSufficesAndNothingMore() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let altp = try Installation.path(of: "altp")
            let program = "import json, os, sys; os.makedirs('a/b'); print(json.dumps([6 * 7]))"
            let learning = try ChildProcess(
                [altp, "policy", "learn", "--output", folder.path, "--name", "it", "--", "python3", "-c", program]
            ).wait()
            #expect(learning.status == 0, "\(learning.errors)")
            #expect(learning.output == "[42]\n")
            let policy = try folder.read("it.yaml")
            #expect(policy.contains("network: none\n"))

            func run(_ program: String) throws -> (output: String, report: SandboxedCommand.Report) {
                let ended = try ChildProcess(
                    [
                        altp, "run", "--policy", "\(folder.path)/it.yaml", "--report", "\(folder.path)/report.json",
                        "--",
                        "python3", "-c", program,
                    ]
                ).wait()
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let report = try Data(contentsOf: URL(filePath: "\(folder.path)/report.json"))
                return (ended.output, try decoder.decode(SandboxedCommand.Report.self, from: report))
            }
            let again = try run(program)
            #expect(again.output == "[42]\n")
            #expect(again.report.kind == "success")
            #expect(again.report.deniedCalls.isEmpty)
            let more = try run("import os\ntry: os.symlink('a', 'b')\nexcept PermissionError: print('refused')")
            #expect(more.output == "refused\n")
            #expect(more.report.deniedCalls.contains { $0.name.hasPrefix("symlink") && !$0.killed })
        }

        @Test func aNetworkSocketIsLearnedAsTheHostsNetwork() throws {
            let learned = try ChildProcess(
                [
                    try Installation.path(of: "altp"), "policy", "learn", "--output", "-", "--", "python3", "-c",
                    "import socket; socket.socket()",
                ]
            ).wait()
            #expect(learned.status == 0, "\(learned.errors)")
            #expect(learned.output.contains("network: host\n"))
            #expect(learned.output.contains("\"socket\""))
        }

        @Test func whatACommandNeedsOfItsPolicyAndOfTheDiskIsLearned() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("archive/file", "content\n")
            try folder.write(
                "base.yaml", "mounts: [{source: \(folder.path)/archive, target: /archive}]\n")
            let altp = try Installation.path(of: "altp")
            let line = ["sh", "-c", "cat /archive/file; head -c 3M /dev/zero >/scratch/result"]
            let learned = try ChildProcess(
                [
                    altp, "policy", "learn", "--policy", "\(folder.path)/base.yaml", "--output", folder.path, "--name",
                    "it", "--",
                ]
                    + line
            ).wait()
            #expect(learned.status == 0, "\(learned.errors)")
            #expect(try folder.read("it.yaml").contains("  disk: 5M\n"))
            let again = try ChildProcess([altp, "run", "--policy", "\(folder.path)/it.yaml", "--"] + line).wait()
            #expect(again.output == "content\n", "\(again.errors)")
            #expect(again.status == 0)
        }

        @Test func aStoredFilterThatIsDamagedIsReplaced() throws {
            let folder = "/run/altp-run/filters"
            _ = try SandboxedCommand("true").run()
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let path = "\(folder)/\(name)"
                let size = try Data(contentsOf: URL(filePath: path)).count
                let file = open(path, O_WRONLY | O_CLOEXEC)
                try #require(pwrite(file, "damage", 6, off_t(size - 6)) == 6)
                close(file)
            }
            let result = try SandboxedCommand("unshare --user true; echo survived").run()
            #expect(result.output == "survived\n")
            func inodes() throws -> Set<ino_t> {
                Set(
                    try FileManager.default.contentsOfDirectory(atPath: folder).map {
                        var status = stat()
                        try #require(lstat("\(folder)/\($0)", &status) == 0)
                        return status.st_ino
                    })
            }
            // What is whole is read, not compiled and written anew. Other runs may replace what was damaged meanwhile.
            let isRead = try (0..<5).contains { _ in
                let before = try inodes()
                _ = try SandboxedCommand("true").run()
                return before.isSubset(of: try inodes())
            }
            #expect(isRead)
            #expect(result.report.deniedCalls == [.init(name: "unshare", count: 1, killed: false)])
        }

        @Test func showsAPolicy() throws {
            let altp = try Installation.path(of: "altp")
            let words = try ChildProcess([altp, "policy", "show", "strict"]).wait()
            #expect(words.output.contains("  any other call: the sandbox is ended\n"))
            #expect(words.output.contains("  fails with ENOSYS: clone3\n"))
            let json = try ChildProcess([altp, "policy", "show", "default", "--json"]).wait()
            #expect(json.output.contains("\"defaultAction\" : \"SCMP_ACT_ERRNO\""))
            #expect(json.output.contains("\"memory\" : \"1G\""))
            let pseudo = try ChildProcess([altp, "policy", "show", "default", "--pfc"]).wait()
            #expect(pseudo.output.contains("# filter for arch"))
            let none = try ChildProcess([altp, "policy", "show", "nothing"]).wait()
            #expect(none.status == 1)
            #expect(none.errors.contains("there is no policy nothing"))
        }
    }
}
