import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What of the kernel's own interfaces acts on the whole host.
    @Suite struct ProcTests {
        /// The host runs what core_pattern and modprobe name, as root, when a program crashes or a module is wanted.
        @Test(arguments: Filters.all) func theKernelsSettingsStayAsTheyAre(_ filter: String) throws {
            let attack = try Attack()
            let names = [
                "kernel/core_pattern", "kernel/core_pipe_limit", "kernel/modprobe", "kernel/hotplug",
                "kernel/poweroff_cmd",
                "kernel/sysrq", "kernel/randomize_va_space", "kernel/hostname", "kernel/domainname", "kernel/pid_max",
                "kernel/threads-max", "kernel/yama/ptrace_scope", "kernel/dmesg_restrict", "vm/overcommit_memory",
                "vm/drop_caches", "vm/mmap_min_addr", "fs/file-max", "fs/suid_dumpable", "fs/protected_symlinks",
                "fs/inotify/max_user_watches", "net/ipv4/ip_forward",
            ]
            let before = names.map { HostText("/proc/sys/\($0)") }
            let result = try attack.run(
                python: """
                    names = "\(names.joined(separator: " "))".split()
                    written = []
                    def tryAll(root):
                        for name in names:
                            try: value = open(root + "/" + name).read().strip()
                            except OSError: value = "0"
                            other = str(int(value) + 1) if value.isdigit() else "|/scratch/x"
                            if attempt(write, root + "/" + name, other.encode()) > 0: written.append(root + name)
                    tryAll("/proc/sys")
                    nested()
                    call("mount", b"none", b"/proc/sys", b"none", 0x20 | 0x1000, None)
                    call("umount2", b"/proc/sys", 2)
                    tryAll("/proc/sys")
                    os.mkdir("/scratch/proc")
                    call("mount", b"proc", b"/scratch/proc", b"proc", 0, None)
                    tryAll("/scratch/proc/sys")
                    print(written)
                    """, policy: filter)
            #expect(names.map { HostText("/proc/sys/\($0)") } == before)
            #expect(result.output == "[]\n")
        }

        /// A procfs or sysfs mounted afresh has none of the masks and read-only parts of the sandbox's own.
        @Test(arguments: [Int32(0), 0x2000_0000]) func noFreshProcOrSysCanBeMounted(_ pidNamespace: Int32) throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    nested()
                    call("unshare", \(pidNamespace) | 0x40000000)
                    if os.fork() > 0: os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
                    seen = []
                    for kind, file in [("proc", "sys/kernel/core_pattern"), ("proc", "sysrq-trigger"), ("sysfs", "kernel")]:
                        place = "/scratch/" + kind
                        attempt(os.mkdir, place)
                        call("mount", kind.encode(), place.encode(), kind.encode(), 0, None)
                        if os.path.exists(place + "/" + file): seen.append(file)
                    print(seen)
                    """, policy: "seccomp: none")
            #expect(result.output == "[]\n")
        }

        /// `b` there boots the host; `h` writes a line to the kernel's log.
        @Test(arguments: Filters.all) func sysrqIsDeaf(_ filter: String) throws {
            let attack = try Attack()
            let before = KernelLog.count(of: "sysrq: HELP")
            try attack.run(
                python: """
                    attempt(write, "/proc/sysrq-trigger", b"h")
                    nested()
                    call("umount2", b"/proc/sysrq-trigger", 2)
                    attempt(write, "/proc/sysrq-trigger", b"h")
                    """, policy: filter)
            #expect(KernelLog.count(of: "sysrq: HELP") == before)
        }

        /// Hidden is what tells of the host: a file behind the null device, a directory behind an empty one.
        @Test(arguments: Filters.all) func whatIsMaskedStaysMasked(_ filter: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    def shown():
                        for name in ["acpi", "asound", "kcore", "keys", "key-users", "kmsg", "latency_stats", "sched_debug", "scsi",
                                     "sysrq-trigger", "timer_list", "vmcore"]:
                            path = "/proc/" + name
                            for flags in [2, 8]: call("umount2", path.encode(), flags)
                            if os.path.isdir(path): masked = os.listdir(path) == []
                            else: masked = not os.path.exists(path) or os.stat(path).st_rdev == os.makedev(1, 3)
                            if not masked: yield name
                    print(list(shown()))
                    nested()
                    print(list(shown()))
                    """, policy: filter)
            #expect(result.output == "[]\n[]\n")
        }

        /// CVE-2022-0492: the host runs a v1 hierarchy's release_agent, as root, when a group becomes empty.
        @Test func noReleaseAgentCanBeSet() throws {
            let attack = try Attack()
            let agents = FileTree.names(in: "/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)/release_agent" }
            let before = agents.map(HostText.init)
            let result = try attack.run(
                python: Self.mountGroups + """
                    for root in roots:
                        for folder, _, files in os.walk(root):
                            attempt(write, folder + "/release_agent", b"/scratch/agent")
                            attempt(write, folder + "/notify_on_release", b"1")
                            attempt(os.mkdir, folder + "/agent")
                    print(sum(os.path.exists(root + "/agent") for root in roots))
                    """, policy: "seccomp: none")
            #expect(agents.map(HostText.init) == before)
            #expect(result.output == "0\n")
        }

        /// Its own group's files, as far as it can get hold of a cgroup file system.
        @Test func itsLimitsStayWhatTheyAre() throws {
            let attack = try Attack()
            try attack.run(
                python: Self.mountGroups + """
                    for root in roots:
                        for folder, _, files in os.walk(root):
                            for name in files:
                                if name in ["pids.max", "memory.max", "memory.limit_in_bytes", "cpu.max", "cpu.cfs_quota_us"]:
                                    attempt(write, folder + "/" + name, b"max"); attempt(write, folder + "/" + name, b"-1")
                            for name in ["cgroup.procs", "../cgroup.procs", "../../cgroup.procs", "tasks"]:
                                attempt(write, folder + "/" + name, b"%d" % os.getpid()); attempt(write, folder + "/" + name, b"0")
                            attempt(write, folder + "/cgroup.freeze", b"0"); attempt(write, folder + "/cgroup.kill", b"1")
                    os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    """, policy: "seccomp: none\nlimits: {pids: 23}"
            ) { runner in
                let sleeper = try attack.sleeper()
                let group = try #require(
                    HostProcess.groups(below: "/sys/fs/cgroup", named: "altp-run.\(runner).1").first {
                        access("/sys/fs/cgroup/\($0)/pids.max", F_OK) == 0
                    })
                #expect(HostText("/sys/fs/cgroup/\(group)/pids.max").text == "23\n")
                #expect(HostText("/sys/fs/cgroup/\(group)/cgroup.procs").text?.contains("\(sleeper)\n") == true)
                kill(sleeper, SIGKILL)
            }
        }

        /// Mounts every cgroup hierarchy that a namespace of its own may have, and names where.
        private static let mountGroups = """
            nested()
            call("unshare", 0x02000000)
            roots = []
            for kind, options in [("cgroup2", None)] + [("cgroup", name) for name in
                    ["memory", "pids", "cpu", "cpuacct", "cpuset", "devices", "freezer", "blkio", "rdma", "none,name=own"]]:
                place = "/scratch/%s-%s" % (kind, options)
                os.mkdir(place)
                if call("mount", b"none", place.encode(), kind.encode(), 0, options and options.encode()) == 0:
                    roots.append(place)

            """

        /// The out-of-memory killer takes the highest score: who lowers his own has others of the host killed.
        @Test(arguments: Filters.all) func itsOutOfMemoryScoreCannotBeLowered(_ filter: String) throws {
            let attack = try Attack()
            let own = try #require(HostText("/proc/self/oom_score_adj").text.flatMap { Int($0.dropLast()) })
            try attack.run(
                """
                echo -1000 > /proc/self/oom_score_adj; echo -1 > /proc/1/oom_score_adj
                exec sleep \(attack.marker)
                """, policy: filter
            ) { runner in
                for pid in [try attack.sleeper(), try attack.pid1(of: runner)] {
                    let score = HostText("/proc/\(pid)/oom_score_adj").text.flatMap { Int($0.dropLast()) }
                    #expect(try #require(score) >= own)
                }
                kill(try attack.sleeper(), SIGKILL)
            }
        }

        /// A core file has the memory of a program that may hold secrets, and the size that the Script wants.
        @Test(arguments: Filters.all) func aCrashLeavesNoCore(_ filter: String) throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            let result = try attack.run(
                "cd /output; ulimit -c unlimited 2>/dev/null; sh -c 'kill -SEGV $$'; sh -c 'cd /tmp; kill -ABRT $$'; exit 0",
                policy: "\(filter)\nmounts: [{source: \(output), target: /output, mode: rw}]")
            #expect(result.report.kind == "success")
            #expect(FileTree.names(in: output) == [])
        }

        @Test(arguments: Filters.all) func theClockCannotBeSet(_ filter: String) throws {
            let attack = try Attack()
            let before = Clocks()
            try attack.run(
                python: """
                    def tryAll():
                        attempt(lambda: time.clock_settime(time.CLOCK_REALTIME, time.time() + 100) or 0)
                        call("settimeofday", struct.pack("qq", int(time.time()) + 100, 0), None)
                        call("adjtimex", struct.pack("I4xqqq", 0x0100, 0, 100, 0) + bytes(300))  # ADJ_SETOFFSET
                        attempt(write, "/dev/rtc", b"x")
                    tryAll()
                    nested()
                    call("unshare", 0x80)
                    attempt(write, "/proc/self/timens_offsets", b"monotonic 100 0")
                    tryAll()
                    """, policy: filter)
            #expect(abs(Clocks().offset - before.offset) < 50)
        }

        private struct Clocks {
            /// How far the wall clock is ahead of the time since boot, in seconds.
            let offset: Int

            init() {
                var real = timespec()
                var boot = timespec()
                clock_gettime(CLOCK_REALTIME, &real)
                clock_gettime(CLOCK_BOOTTIME, &boot)
                offset = real.tv_sec - boot.tv_sec
            }
        }

        @Test(arguments: Filters.all) func theHostsNameStays(_ filter: String) throws {
            let attack = try Attack()
            let before = [HostText("/proc/sys/kernel/hostname"), HostText("/proc/sys/kernel/domainname")]
            try attack.run(
                python: """
                    def tryAll(): call("sethostname", b"taken", 5); call("setdomainname", b"taken", 5)
                    tryAll()
                    nested()
                    tryAll()
                    """, policy: filter)
            #expect([HostText("/proc/sys/kernel/hostname"), HostText("/proc/sys/kernel/domainname")] == before)
        }
    }
}

/// The host kernel's log.
enum KernelLog {
    /// How many of its lines contain a text.
    static func count(of text: String) -> Int {
        let log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK)
        defer { close(log) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        var count = 0
        while true {
            let length = read(log, &buffer, buffer.count)
            // EPIPE: lines were overwritten before they were read.
            if length < 0 && errno == EPIPE { continue }
            guard length > 0 else { return count }
            if String(decoding: buffer[..<length], as: UTF8.self).contains(text) { count += 1 }
        }
    }
}
