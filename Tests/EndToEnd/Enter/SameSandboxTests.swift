import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Whoever enters stands where the Script stood.
    @Suite struct SameSandboxTests {
        @Test func anEndedAttemptLooksAsItDidToItsScript() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let seen = try host.log(of: id)
                #expect(seen.contains("Seccomp:\t2") && seen.contains("uid=1000(script)"))
                // By each way to name it.
                for reference in ["\(id)", "\(id)/work", "\(id)/work#1"] {
                    #expect(try host.inside(reference, "portrait.sh") == seen)
                }
                #expect(try host.inside("\(id)", "cat file /processing/shared") == "evidence\nshared\n")
                #expect(try host.inside("\(id)", "echo $PATH").hasPrefix("/scripts:/usr/local/bin:/usr/bin:/bin:"))
            }
        }

        @Test func theScriptsOwnCommandRunsAgain() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let seen = try host.log(of: id)
                let ended = try host.enter("\(id)", [], "sh", "-c", "rm file; cd /; rerun-script")
                #expect(ended.status == 3)
                #expect(ended.output == seen)
                #expect(try host.inside("\(id)", "cat file") == "evidence\n")
                // Whatever a word of it contains, it is one word.
                #expect(try host.inside("\(id)", "cat $(command -v rerun-script)").contains("'a '\\''b' 'c d'"))
            }
        }

        @Test func aRunningScriptIsJoinedInItsOwnNamespaces() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begun()
                let place = "\(host.attempt(id))/scratch/namespaces"
                let namespaces = Set(try String(contentsOfFile: place, encoding: .utf8).split(separator: "\n"))
                let own = try host.inside("\(id)", "namespaces.sh")
                let differing = Set(own.split(separator: "\n")).symmetricDifference(namespaces)
                // The mounts are a copy, so that what is mounted for a session is seen by nobody else.
                #expect(differing.count == 2)
                #expect(differing.allSatisfy { $0.hasPrefix("mnt:") })
                #expect(try host.inside("\(id)", "portrait.sh") == host.log(of: id))
                #expect(try host.inside("\(id)", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").contains("sleep 1000 "))
                try host.altp("cancel", "\(id)")
                try host.ended(id)
            }
        }

        /// As long as pid 1 makes the mounts, it sees the host's.
        @Test func nobodyIsInsideBeforeItIsMade() throws {
            try withHost(EnteredTasks.files) { host in
                for _ in 1...8 {
                    let id = try host.trigger("running")
                    let folders = try eventually("it can be entered") {
                        let ended = try host.enter("\(id)", [], "ls", "/")
                        guard ended.status != 0 else { return ended.output }
                        // Nothing else is in the way.
                        guard ended.errors.contains("has no attempt") else { throw TestFailure(ended.errors) }
                        return nil
                    }
                    #expect(folders.contains("scratch\n") && !folders.contains("home") && !folders.contains("root"))
                    try host.altp("cancel", "\(id)")
                    try host.ended(id)
                }
            }
        }

        @Test func anImageIsSeenAsTheScriptLeftIt() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            let before = try tree.fingerprint()
            try withHost([
                "rootfs/tiny.yaml": "directory: \(tree.path)\n",
                "policies/tiny.yaml": "rootfs: tiny\nlimits: {memory: 128M, wall_time: 10m, grace: 1s}\n",
                "tasks/tiny.yaml":
                    "policy: tiny\nscripts: [{name: work, run: 'echo left >/open/left; cat /etc/origin; exit 3'}]\n",
            ]) { host in
                let id = try host.failed("tiny")
                // Its layer is mounted anew each time, and takes what is changed.
                #expect(
                    try host.inside("\(id)", "cat /open/left /etc/origin; echo mine >/open/mine") == "left\nimage\n")
                #expect(try host.inside("\(id)", "cat /open/mine; rm /open/left") == "mine\n")
                #expect(try host.inside("\(id)", "ls /open") == "mine\n")
                #expect(try host.enter("\(id)", [], "bash", "-c", "true").status == 127)
            }
            #expect(try tree.fingerprint() == before)
        }

        // MARK: The limits

        @Test func theLimitsAreTheAttempts() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                #expect(try host.enter("\(id)", [], "python3", "-c", "data = bytearray(200 << 20)").status == 137)
                // The command alone is ended, and not the shell that it was called from.
                #expect(
                    try host.inside("\(id)", "python3 -c 'data = bytearray(200 << 20)'; echo $?").hasSuffix("137\n"))
                let forks = try host.enter("\(id)", [], "sh", "-c", "for n in $(seq 40); do sleep 100 & done")
                #expect(forks.status != 0)
                #expect(forks.errors.contains("fork"))
                let visitor = try host.stayInside("\(id)")
                let groups = try #require(HostProcess.waitFor(commandLine: ["sleep", Host.marker]).map(Group.init))
                #expect(try groups.value("cpu", v1: "cpu.cfs_quota_us", v2: "cpu.max").hasPrefix("50000"))
                #expect(try groups.value("memory", v1: "memory.limit_in_bytes", v2: "memory.max") == "\(128 << 20)")
                #expect(try groups.value("pids", v1: "pids.max", v2: "pids.max") == "24")
                visitor.signal(SIGKILL)
            }
        }

        /// The groups that a process is in, and what holds for it there.
        struct Group {
            var pid: pid_t

            /// - Parameter v1: the control file's name in version 1's hierarchy of the controller.
            func value(_ controller: String, v1: String, v2: String) throws -> String {
                for line in try String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8).split(separator: "\n") {
                    let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                    let isOld = parts[1].split(separator: ",").contains(controller[...])
                    guard isOld || parts[0] == "0" else { continue }
                    // The session's own group has no limits: those of the one around it hold.
                    var path = "/sys/fs/cgroup\(isOld ? "/\(controller)" : "")\(parts[2])"
                    while path.split(separator: "/").last?.hasPrefix("session-held-") == false, path.count > 20 {
                        path = String(path[..<path.lastIndex(of: "/")!])
                    }
                    if let text = try? String(contentsOfFile: "\(path)/\(isOld ? v1 : v2)", encoding: .utf8) {
                        return text.split(separator: "\n").first.map(String.init) ?? ""
                    }
                }
                throw TestFailure("process \(pid) has no limit \(v2)")
            }
        }

        @Test func theDiskLimitHolds() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("disk")
                let fill = "cat file; head -c 100M /dev/zero >big; stat -c %s big; rm big"
                for options in [[], ["--snapshot"]] {
                    let ended = try host.enter("\(id)", options, "sh", "-c", fill)
                    let lines = ended.output.split(separator: "\n")
                    #expect(lines.first == "evidence")
                    let size = try #require(lines.last.flatMap { Int64($0) })
                    #expect((18 << 20)...(20 << 20 + 128 << 10) ~= size, "\(options)")
                    #expect(ended.errors.contains("No space left") || ended.errors.contains("quota exceeded"))
                }
                #expect(host.loopDevices() == [])
            }
        }

        @Test func whatIsTakenInsideARunningScriptCountsAsItsOwn() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begun()
                _ = try host.enter("\(id)", [], "python3", "-c", "data = bytearray(200 << 20)")
                #expect(try host.ended(id).outcome == "oom")
            }
        }

        // MARK: The filter, and what is out of sight

        @Test func theFilterHoldsAndIsTold() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let program = """
                    import ctypes, errno
                    libc = ctypes.CDLL(None, use_errno=True)
                    libc.mount(b"t", b"/tmp", b"tmpfs", 0, None)
                    print(errno.errorcode[ctypes.get_errno()])
                    """
                let ended = try host.enter("\(id)", [], "python3", "-c", program)
                #expect(ended.output == "EPERM\n")
                // The one who entered learns which call it was.
                #expect(ended.errors.contains("mount"))
            }
        }

        @Test func nothingOfTheHostIsSeenOrReached() throws {
            try withHost(EnteredTasks.files) { host in
                let marker = "2000.\(getpid())"
                let neighbour = try ChildProcess(["sleep", marker])
                let running = try host.begun()
                for id in [try host.failed("failing"), running] {
                    let processes = try host.inside("\(id)", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
                    #expect(!processes.contains(marker) && !processes.contains("altp"))
                    #expect(
                        try host.inside("\(id)", "cd /proc/self/fd; for fd in *; do [ -e $fd ] && echo $fd; done; true")
                            == "0\n1\n2\n")
                    let line = """
                        ls /home /root /srv /sys /boot 2>&1; kill -9 1 2>&1; kill -9 \(neighbour.pid) 2>&1
                        cat /proc/1/environ 2>&1; ls -l /proc/1/root /proc/1/fd 2>&1; cat /proc/*/root/etc/shadow 2>&1
                        touch /usr/x /etc/x /x /run/altp-session/x 2>&1; nsenter -t 1 -m true 2>&1
                        mount -o remount,rw / 2>&1; umount -l /scratch 2>&1; cat /proc/[0-9]*/environ | tr '\\0' ' '
                        """
                    let text = try host.enter("\(id)", [], "sh", "-c", line).output
                    #expect(!text.contains("root:*") && !text.contains("root:$"))
                    for folder in ["home", "root", "srv", "sys", "boot"] {
                        #expect(text.contains("cannot access '/\(folder)': No such file or directory"))
                    }
                    for file in ["/usr/x", "/etc/x", "/x"] {
                        #expect(text.contains("cannot touch '\(file)': Read-only file system"))
                    }
                    #expect(text.contains("cannot touch '/run/altp-session/x': Permission denied"))
                    #expect(text.contains("cat: /proc/1/environ: No such file or directory"))
                    #expect(text.contains("cannot access '/proc/1/root': No such file or directory"))
                    #expect(neighbour.isRunning)
                }
                try host.altp("cancel", "\(running)")
                try host.ended(running)
            }
        }
    }
}
