import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    @Suite struct ConfinementTests {
        @Test func looksConfinedFromTheInside() throws {
            let result = try SandboxedCommand(
                """
                id -u; id -G; pwd
                grep -E '^(NoNewPrivs|Seccomp|CapInh|CapPrm|CapEff|CapBnd|CapAmb|Groups):' /proc/self/status
                cd /proc/self/fd; for fd in *; do [ -e $fd ] && echo fd $fd; done
                env | sort
                """
            ).run()
            #expect(result.status == 0)
            #expect(
                result.output.split(separator: "\n").map { $0.filter { $0 != "\t" } } == [
                    "1000", "1000", "/scratch", "Groups: ", "CapInh:0000000000000000", "CapPrm:0000000000000000",
                    "CapEff:0000000000000000", "CapBnd:0000000000000000", "CapAmb:0000000000000000", "NoNewPrivs:1",
                    "Seccomp:2",
                    "fd 0", "fd 1", "fd 2", "HOME=/scratch", "LANG=C.UTF-8", "OLDPWD=/scratch",
                    "PATH=/usr/local/bin:/usr/bin:/bin", "PWD=/proc/self/fd", "TMPDIR=/tmp",
                ])
        }

        @Test func looksConfinedFromTheOutside() throws {
            let marker = "31.\(getpid())"
            let result = try SandboxedCommand("exec sleep \(marker)").run { runner in
                let pid = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                defer { kill(pid, SIGKILL) }
                let status = try HostProcess.status(of: pid)
                let uids = status["Uid"]?.split(separator: "\t").compactMap { UInt32($0) } ?? []
                #expect(uids.count == 4)
                #expect(uids.allSatisfy { $0 > 1_879_048_192 })
                #expect(status["NoNewPrivs"] == "1")
                #expect(status["Seccomp"] == "2")
                for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(status[set] == "0000000000000000")
                }
                for namespace in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
                    let own = try #require(HostProcess.namespace(namespace, of: getpid()))
                    #expect(HostProcess.namespace(namespace, of: pid) != own, "\(namespace)")
                }
                // The dynamic linker has a library open for a moment.
                try eventually("it has no descriptor but these") {
                    try HostProcess.descriptors(of: pid) == ["0", "1", "2"] ? () : nil
                }
                let groups = try String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)
                let group = "/altp-run.\(runner).1"
                #expect(
                    groups.split(separator: "\n").contains {
                        $0.hasSuffix(group) && ($0.contains("memory") || $0.hasPrefix("0:"))
                    })
            }
            #expect(result.report.kind == "signal")
            #expect(result.report.signal == 9)
        }

        @Test func leavesNothingBehind() throws {
            let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
            let marker = "33.\(getpid())"
            var runner: pid_t = 0
            let result = try SandboxedCommand("setsid sleep \(marker) & sleep \(marker) & echo started").run {
                runner = $0
            }
            #expect(result.output == "started\n")
            #expect(HostProcess.find(commandLine: ["sleep", marker]) == nil)
            #expect(try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) == mounts)
            let groups = HostProcess.groups(below: "/sys/fs/cgroup", named: "altp-run.\(runner).")
            #expect(groups.isEmpty)
        }

        @Test func endsEverythingWhenItIsInterrupted() throws {
            let marker = "32.\(getpid())"
            let result = try SandboxedCommand("exec sleep \(marker)").run { runner in
                _ = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                kill(runner, SIGINT)
            }
            #expect(result.report.kind == "cancelled")
            #expect(HostProcess.find(commandLine: ["sleep", marker]) == nil)
        }

        @Test func cannotReachTheHost() throws {
            let result = try SandboxedCommand(
                """
                touch /usr/x 2>&1; touch /etc/x 2>&1; touch /x 2>&1; echo 1 2>&1 > /proc/sys/kernel/hostname; mount -t tmpfs t /tmp 2>&1
                ls /home /root /srv /sys /boot 2>&1 | sort; kill -9 1 2>&1; cat /proc/1/environ 2>&1; ls -l /proc/1/fd 2>&1
                # Pid 1 is in the host's network.
                cat /proc/1/net/tcp /proc/1/net/unix 2>&1
                echo done
                """
            ).run()
            #expect(result.status == 0)
            for line in ["touch: cannot touch '/usr/x'", "touch: cannot touch '/etc/x'", "touch: cannot touch '/x'"] {
                #expect(result.output.contains("\(line): Read-only file system"))
            }
            for folder in ["home", "root", "srv", "sys", "boot"] {
                #expect(result.output.contains("cannot access '/\(folder)': No such file or directory"))
            }
            #expect(result.output.contains("cat: /proc/1/environ: No such file or directory"))
            #expect(result.output.contains("cat: /proc/1/net/tcp: No such file or directory"))
            #expect(result.output.contains("cat: /proc/1/net/unix: No such file or directory"))
            #expect(result.output.contains("cannot access '/proc/1/fd': No such file or directory"))
            #expect(result.output.hasSuffix("done\n"))
        }
    }
}
