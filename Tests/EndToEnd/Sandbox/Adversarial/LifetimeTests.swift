import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Scripts that will not end, and runners that end too soon.
    @Suite struct LifetimeTests {
        private static let short = "limits: {wall_time: 500ms, grace: 200ms, pids: 200}"

        @Test(arguments: ["ignored", "blocked"]) func everySignalThatIsIgnoredOrBlockedEndsItAllTheSame(_ how: String)
            throws
        {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    import signal
                    every = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
                    if "\(how)" == "ignored":
                        for number in every: signal.signal(number, signal.SIG_IGN)
                    else: signal.pthread_sigmask(signal.SIG_BLOCK, every)
                    for _ in range(20):
                        if os.fork() == 0: os.setsid(); break
                    os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    """, policy: Self.short)
            #expect(result.report.kind == "timeout")
            #expect(HostProcess.find(commandLine: ["sleep", attack.marker]) == nil)
        }

        @Test func aStoppedScriptEnds() throws {
            let attack = try Attack()
            let result = try attack.run("sleep \(attack.marker) & kill -STOP $! $$; echo went on", policy: Self.short)
            #expect(result.report.kind == "timeout")
            #expect(HostProcess.find(commandLine: ["sleep", attack.marker]) == nil)
        }

        /// Its output has no end as long as the daemon lives; the Script has one.
        @Test func aDaemonThatHoldsTheOutputIsNotWaitedFor() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    if os.fork() == 0:
                        os.setsid()
                        if os.fork() == 0:
                            os.chdir("/")
                            os.execvp("sleep", ["sleep", "\(attack.marker)"])
                        os._exit(0)
                    os.wait()
                    print("done", flush=True)
                    """)
            #expect(result.output == "done\n")
            #expect(result.report.kind == "success")
            #expect(HostProcess.find(commandLine: ["sleep", attack.marker]) == nil)
        }

        /// Children that nobody waits for keep their number until their parent ends, and then all come to pid 1 at once.
        @Test func tenThousandZombiesAreReaped() throws {
            let attack = try Attack()
            let tools = try attack.folder("tools")
            try attack.compile(
                "tools/zombies",
                """
                #include <stdio.h>
                #include <unistd.h>
                int main(void) {
                    int count = 0;
                    for (; count < 10000; count++) {
                        int pid = vfork();
                        if (pid == 0) _exit(0);
                        if (pid < 0) break;
                    }
                    printf("%d\\n", count);
                }
                """)
            let result = try attack.run(
                "/tools/zombies; /tools/zombies",
                policy: """
                    limits: {pids: 10100, memory: 1G, wall_time: 3m}
                    mounts: [{source: \(tools), target: /tools}]
                    """)
            #expect(result.output == "10000\n10000\n")
            #expect(result.report.kind == "success")
        }

        /// After vfork(2) the parent sees no signal until its child executes something or ends.
        @Test func aStalledVforkEnds() throws {
            let attack = try Attack()
            let tools = try attack.folder("tools")
            try attack.compile(
                "tools/stall",
                """
                #include <signal.h>
                #include <unistd.h>
                int main(void) {
                    signal(SIGTERM, SIG_IGN);
                    for (int depth = 0; depth < 20; depth++)
                        if (vfork() != 0) _exit(0);
                    for (;;) pause();
                }
                """)
            let result = try attack.run(
                "exec /tools/stall",
                policy: "\(Self.short)\nmounts: [{source: \(tools), target: /tools}]")
            #expect(result.report.kind == "timeout")
            #expect(HostProcess.find(commandLine: ["/tools/stall"]) == nil)
        }

        /// Frozen from outside, it gets no signal but the last one; with a v1 freezer not even that one until it is thawed.
        @Test func aFrozenSandboxEnds() throws {
            let attack = try Attack()
            let result = try attack.run("sleep \(attack.marker) & exec sleep \(attack.marker)", policy: Self.short) {
                runner in
                let sleeper = try attack.sleeper()
                let group = HostProcess.groups(below: "/sys/fs/cgroup", named: "altp-run.\(runner).1").first {
                    access("/sys/fs/cgroup/\($0)/cgroup.freeze", F_OK) == 0
                }
                if let group {
                    try "1".write(toFile: "/sys/fs/cgroup/\(group)/cgroup.freeze", atomically: false, encoding: .utf8)
                } else {
                    for pid in HostProcess.all()
                    where HostProcess.namespace("pid", of: pid) == HostProcess.namespace("pid", of: sleeper) {
                        // Not pid 1, which is the host's to stop and would be the host's to continue.
                        if (try? HostProcess.status(of: pid))?["NoNewPrivs"] == "1" { kill(pid, SIGSTOP) }
                    }
                }
            }
            #expect(result.report.kind == "timeout")
            #expect(HostProcess.find(commandLine: ["sleep", attack.marker]) == nil)
        }

        /// The v1 freezer holds back even the last signal, so the end comes with the thaw; then it is a whole one.
        @Test(.enabled(if: access("/sys/fs/cgroup/freezer/cgroup.procs", W_OK) == 0, "no v1 freezer is mounted here"))
        func aSandboxInAFreezerEndsWithTheThaw() throws {
            let attack = try Attack()
            let freezer = "/sys/fs/cgroup/freezer/altp-test-\(attack.marker)"
            try #require(mkdir(freezer, 0o755) == 0)
            defer { rmdir(freezer) }
            let result = try attack.run("sleep \(attack.marker) & exec sleep \(attack.marker)", policy: Self.short) {
                runner in
                let sleeper = try attack.sleeper()
                let pid1 = try attack.pid1(of: runner)
                try "\(sleeper)".write(toFile: "\(freezer)/cgroup.procs", atomically: false, encoding: .utf8)
                try "FROZEN".write(toFile: "\(freezer)/freezer.state", atomically: false, encoding: .utf8)
                defer { try? "THAWED".write(toFile: "\(freezer)/freezer.state", atomically: false, encoding: .utf8) }
                // The rest is ended meanwhile.
                try eventually("the time is up") {
                    HostProcess.all().filter { (try? HostProcess.status(of: $0))?["PPid"] == "\(pid1)" } == [sleeper]
                        ? () : nil
                }
            }
            #expect(result.report.kind == "timeout")
            #expect(HostProcess.find(commandLine: ["sleep", attack.marker]) == nil)
        }

        /// Put into the sandbox's group from outside, a process is none of pid 1's, and would keep the group for ever.
        @Test func aStrangerInTheGroupDoesNotKeepIt() throws {
            let attack = try Attack()
            let stranger = try ChildProcess(["sleep", "\(attack.marker)1"])
            // `run` expects that the group is gone.
            let result = try attack.run("exec sleep \(attack.marker)") { runner in
                let sleeper = try attack.sleeper()
                let groups = HostProcess.groups(below: "/sys/fs/cgroup", named: "altp-run.\(runner).1")
                #expect(!groups.isEmpty)
                for group in groups {
                    try "\(stranger.pid)".write(
                        toFile: "/sys/fs/cgroup/\(group)/cgroup.procs", atomically: false, encoding: .utf8)
                }
                kill(sleeper, SIGKILL)
            }
            #expect(result.report.kind == "signal")
            #expect(try stranger.wait().status == 128 + SIGKILL)
        }

        /// Nothing asks for what a killed runner leaves, but the next run does.
        @Test func aKilledRunnersDirectoryIsClearedAwayByTheNextRun() throws {
            let attack = try Attack()
            var command = SandboxedCommand("exec sleep \(attack.marker)")
            command.environment["ALTP_RUN_DIR"] = attack.runs
            let killed = try ChildProcess(
                [Installation.path(of: "altp"), "run", "--"] + command.arguments, environment: command.environment)
            _ = try attack.sleeper()
            killed.signal(SIGKILL)
            try killed.wait()
            try eventually("its sandbox ends") {
                HostProcess.find(commandLine: ["sleep", attack.marker]) == nil ? () : nil
            }
            #expect(FileTree.names(in: attack.runs).count == 1)
            // Pid 1 writes its outcome before it lets go of its lock; a run before that takes another block.
            try eventually("another run clears it away") {
                let next = [try Installation.path(of: "altp"), "run", "--", "true"]
                #expect(try ChildProcess(next, environment: command.environment).wait().status == 0)
                return FileTree.names(in: attack.runs).isEmpty ? () : nil
            }
            #expect(HostProcess.groups(below: "/sys/fs/cgroup", named: "altp-run.\(killed.pid).") == [])
        }
    }
}
