import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// A Script that waits for whoever enters. Whoever is inside is at its mercy as any process of the same user is; the way
    /// in is not.
    @Suite struct HostileScriptTests {
        private static func files(_ program: String) -> [String: String] {
            [
                "policies/lax.yaml":
                    "seccomp: none\nlimits: {cpu: 2, memory: 256M, pids: 64, wall_time: 10m, grace: 1s}\n",
                "tasks/hostile.yaml": "policy: lax\nscripts: [{name: work, run: [python3, /scripts/attack.py]}]\n",
                "tasks/hostile/attack.py": program,
            ]
        }

        private static func withHostile(_ program: String, _ body: (Host, Int64) throws -> Void) throws {
            try withHost(files(program)) { host in
                let id = try host.trigger("hostile")
                _ = try eventually("the Script is ready") {
                    access("\(host.attempt(id))/scratch/ready", F_OK) == 0 ? true : nil
                }
                try body(host, id)
                #expect(try host.processing(id).status == "running")
                try host.altp("cancel", "\(id)")
                try host.ended(id)
            }
        }

        /// Looks at each process that comes, by its number and before it is seen in /proc, in every way that the kernel has.
        private static let spy = """
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            seen = open("/scratch/seen", "w", buffering=1)
            def tell(*what): print(*what, file=seen)
            open("/scratch/ready", "w").close()
            own = os.getpid()
            last, told = own, set()
            while True:
                for pid in range(own + 1, last + 12):
                    if pid == own: continue
                    pidfd = libc.syscall(434, pid, 0)
                    if pidfd < 0: continue
                    last = max(last, pid)
                    try: name = open(f"/proc/{pid}/comm").read().strip()
                    except OSError: name = "unseen"
                    if name.startswith("altp"): tell("name", name)
                    for number in range(40):
                        taken = libc.syscall(438, pidfd, number, 0)
                        if taken < 0: continue
                        link = os.readlink(f"/proc/self/fd/{taken}")
                        if link not in told: tell("descriptor", link)
                        told.add(link)
                        os.close(taken)
                    try:
                        for number in os.listdir(f"/proc/{pid}/fd"):
                            link = os.readlink(f"/proc/{pid}/fd/{number}")
                            if link not in told: tell("descriptor", link)
                            told.add(link)
                        for file in ("root/etc/shadow", "cwd/../etc/shadow", "root/home", "root/var/lib"):
                            if os.path.exists(f"/proc/{pid}/{file}"): tell("file", file)
                        exe = os.readlink(f"/proc/{pid}/exe")
                        if "altp" in exe: tell("executable", exe)
                    except OSError: pass
                    os.close(pidfd)

            """

        @Test func theWayInIsClosedToIt() throws {
            try Self.withHostile(Self.spy) { host, id in
                for _ in 1...40 { #expect(try host.enter("\(id)", [], "sleep", "0.01").status == 0) }
                let seen = try String(contentsOfFile: "\(host.attempt(id))/scratch/seen", encoding: .utf8)
                let lines = Set(seen.split(separator: "\n"))
                // It did look: the streams of those who came.
                #expect(lines.contains { $0.hasPrefix("descriptor pipe:") })
                let known = ["pipe:", "/dev/null", "/usr/lib", "/usr/bin", "/etc/ld.so.cache", "/proc"]
                let strange = lines.filter { line in !known.contains { line.hasPrefix("descriptor \($0)") } }
                #expect(strange.isEmpty)
            }
        }

        @Test func whatHelpsInsideHoldsNothingOfTheHosts() throws {
            try withHost(EnteredTasks.files) { host in
                let running = try host.begun()
                let visitors = [
                    try host.stayInside("\(running)"), try host.stayInside("\(try host.failed("failing"))"),
                ]
                // Two of pid 1 and two joiners.
                #expect(host.helpers().count == 4)
                for pid in host.helpers() {
                    let status = try HostProcess.status(of: pid)
                    for set in ["CapPrm", "CapEff", "CapInh"] { #expect(status[set] == "0000000000000000") }
                    for number in try HostProcess.descriptors(of: pid) {
                        var buffer = [CChar](repeating: 0, count: 4096)
                        guard readlink("/proc/\(pid)/fd/\(number)", &buffer, buffer.count - 1) > 0 else { continue }
                        let link = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
                        // The control groups' files are below what was mounted out of their sight.
                        let isOwn = link.contains("/\(host.cgroup)/") || link.hasPrefix("\(host.state)/")
                        let kinds = [
                            "pipe:", "socket:", "anon_inode:", "/dev/null", "/run/altp-events.d/", "user:", "ipc:",
                            "uts:",
                            "net:", "cgroup:",
                        ]
                        #expect(isOwn || kinds.contains { link.hasPrefix($0) }, "\(link)")
                    }
                }
                visitors.forEach { $0.signal(SIGKILL) }
                try host.altp("cancel", "\(running)")
                try host.ended(running)
            }
        }

        @Test func stoppingWhoeverComesHoldsNothingUp() throws {
            let program = """
                import os, signal
                open("/scratch/ready", "w").close()
                while True:
                    try: os.kill(-1, signal.SIGSTOP)
                    except OSError: pass

                """
            try Self.withHostile(program) { host, id in
                let visitors = try (0..<4).map { _ in try host.startEntering("\(id)", [], ["sleep", Host.marker]) }
                _ = try eventually("they are on their way") { try host.entries().count == 4 ? true : nil }
                // Others are served meanwhile.
                #expect(try host.processing(id).status == "running")
                visitors.forEach { $0.signal(SIGKILL) }
                _ = try eventually("nothing is left of them", seconds: 60) {
                    try host.entries().allSatisfy { $0.endedAt != nil } ? true : nil
                }
                #expect(host.helpers().count == 1)
                #expect(
                    HostProcess.groups(below: "/sys/fs/cgroup", named: "session-")
                        .filter { "/\($0)/".contains("/\(host.cgroup)/") } == [])
            }
        }
    }
}
