import Glibc
import Testing

extension EndToEnd {
    @Suite struct LimitTests {
        static func policy(_ limits: String, more: String = "") -> String { "limits: {\(limits)}\n\(more)" }

        @Test func aMemoryBombEndsAsOutOfMemory() throws {
            let result = try SandboxedCommand(
                python: "data = bytearray(300 << 20)", policy: Self.policy("memory: 64M")
            ).run()
            #expect(result.report.kind == "oom")
            #expect(result.report.limit == .init(name: "memory", limit: 64 << 20, peak: 64 << 20))
            #expect(result.status == 137)
        }

        @Test func aChildKilledForMemoryIsOutOfMemoryAlthoughTheShellLeavesWithZero() throws {
            let result = try SandboxedCommand(
                "python3 -c 'data = bytearray(300 << 20)'; exit 0", policy: Self.policy("memory: 64M")
            ).run()
            #expect(result.report.kind == "oom")
            #expect(result.status != 0)
        }

        /// Half a sandbox would go on with results that nobody can trust.
        @Test func theWholeSandboxDiesOfOneProcessThatNeedsTooMuch() throws {
            let marker = "34.\(getpid())"
            let result = try SandboxedCommand(
                "setsid sleep \(marker) & sleep \(marker) & python3 -c 'data = bytearray(300 << 20)'; sleep \(marker)",
                policy: Self.policy("memory: 64M")
            ).run()
            #expect(result.report.kind == "oom")
            #expect(HostProcess.find(commandLine: ["sleep", marker]) == nil)
        }

        @Test func readingALargeFileIsNoLackOfMemory() throws {
            let result = try SandboxedCommand(
                "head -c 300M /dev/zero >/scratch/large; for n in 1 2 3; do cat /scratch/large >/dev/null; done; echo read",
                policy: Self.policy("memory: 64M")
            ).run()
            #expect(result.report.kind == "success")
            #expect(result.output == "read\n")
        }

        @Test func aForkBombEndsAsPids() throws {
            let result = try SandboxedCommand(
                python: "import os, time\nfor n in range(100):\n  if os.fork() == 0: time.sleep(30); os._exit(0)",
                policy: Self.policy("pids: 20")
            ).run()
            #expect(result.report.kind == "pids")
            #expect(result.report.limit?.limit == 20)
            #expect(result.report.limit?.peak == 20)
        }

        @Test func sleepingTooLongIsATimeout() throws {
            let result = try SandboxedCommand("sleep 30", policy: Self.policy("wall_time: 300ms")).run()
            #expect(result.report.kind == "timeout")
            #expect(result.report.limit?.name == "wall_time")
            #expect(result.report.limit?.limit == 300)
            #expect(result.status == 124)
        }

        @Test func aScriptThatIgnoresTheSignalIsKilledAfterTheGrace() throws {
            let result = try SandboxedCommand(
                "trap '' TERM; sleep 30; sleep 30", policy: Self.policy("wall_time: 200ms, grace: 300ms")
            ).run()
            #expect(result.report.kind == "timeout")
            #expect(result.report.signal == 9)
        }

        @Test func spinningEndsAsCPUTimeAlsoInChildren() throws {
            let result = try SandboxedCommand(
                "(while :; do :; done) & (while :; do :; done) & wait", policy: Self.policy("cpu_time: 500ms, cpu: 2")
            ).run()
            #expect(result.report.kind == "cpu_time")
            #expect(result.report.limit?.limit == 500)
            #expect((result.report.limit?.peak ?? 0) >= 500)
        }

        @Test func aDeniedCallUnderAKillingPolicyIsNamed() throws {
            let result = try SandboxedCommand("unshare --user true; echo survived", policy: "seccomp: strict").run()
            #expect(result.report.kind == "seccomp")
            #expect(result.report.deniedCalls == [.init(name: "unshare", count: 1, killed: true)])
            #expect(!result.output.contains("survived"))
        }

        @Test func aDeniedCallUnderTheDefaultPolicyFailsAndIsNamed() throws {
            let result = try SandboxedCommand("unshare --user true; echo survived").run()
            #expect(result.report.kind == "success")
            #expect(result.output.contains("survived"))
            #expect(result.report.deniedCalls == [.init(name: "unshare", count: 1, killed: false)])
        }

        @Test func callsThatAreNoneAreAnsweredAndNotCollected() throws {
            let result = try SandboxedCommand(
                python: """
                    import ctypes
                    call = ctypes.CDLL(None, use_errno=True).syscall
                    errors = set()
                    for number in range(100_000, 104_000):
                        call(number)
                        errors.add(ctypes.get_errno())
                    print(errors)
                    """
            ).run()
            #expect(result.output == "{38}\n")
            #expect(result.report.deniedCalls.isEmpty)
        }

        @Test func withoutAFilterTheCallGoesThrough() throws {
            let result = try SandboxedCommand("unshare --user true && echo done", policy: "seccomp: none").run()
            #expect(result.output == "done\n")
            #expect(result.report.deniedCalls.isEmpty)
        }

        @Test func theProcessorIsSharedOutByTheCeiling() throws {
            let result = try SandboxedCommand(
                python: """
                    import time
                    start, used = time.monotonic(), time.process_time()
                    while time.process_time() - used < 0.5: pass
                    print(time.monotonic() - start > 1.5)
                    """, policy: Self.policy("cpu: 0.25")
            ).run()
            #expect(result.output == "True\n")
        }

        @Test func openFilesAreLimited() throws {
            let result = try SandboxedCommand(
                python: "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))",
                policy: Self.policy("open_files: 99")
            ).run()
            #expect(result.output == "(99, 99)\n")
        }

        @Test(arguments: [
            ("exit 0", 0, "success"), ("exit 3", 3, "hard"), ("exit 75", 75, "soft"), ("kill -SEGV $$", 139, "signal"),
            ("exec /nowhere/program", 127, "hard"),
        ])
        func passesTheStatusOn(_ line: String, _ status: Int32, _ kind: String) throws {
            let result = try SandboxedCommand(line).run()
            #expect(result.status == status)
            #expect(result.report.kind == kind)
        }

        @Test func tellsNotFoundFromNotExecutable() throws {
            var command = SandboxedCommand("")
            command.arguments = ["no-such-program"]
            #expect(try command.run().status == 127)
            command.arguments = ["/etc/passwd"]
            #expect(try command.run().status == 126)
        }
    }
}
