import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The kernel's out-of-memory killer takes the Launcher.
    @Suite struct OutOfMemoryTests {
        @Test func theScriptsOfALauncherThatRanOutOfMemoryGoOnAndAreTakenUp() throws {
            let tally = try Tally()
            defer { tally.folder.remove() }
            let group = try MemoryGroup(bytes: 4 << 20)
            defer { group.remove() }
            try withHost(tally.files()) { host in
                let ids = try tally.start(5, on: host)
                let pid = try #require(host.pid)
                // What it has counts where it was; from here on it may have so much more. Its sandboxes lie elsewhere.
                try group.take(pid)
                var events = SentEvents()
                for round in 0..<200 where host.isRunning {
                    try? events.send(host, "flood-\(round)", bytes: 60_000)
                }
                let ended = try host.waitForEnd()
                #expect(ended.status == 128 + SIGKILL)
                #expect(try group.kills() >= 1, "it was the kernel that killed it")
                #expect(try tally.lines().filter { $0.hasSuffix("ends") } == [])
                try host.start()
                #expect(try ids.allSatisfy { try host.processing($0).status == "running" })
                try tally.open()
                for id in ids {
                    #expect(try host.ended(id).status == "success")
                    #expect(try host.processing(id).scripts?.map(\.attempts.count) == [1, 1])
                }
                #expect(try tally.lines().filter { !$0.hasSuffix("taken") } == Tally.whole(ids))
                try events.check(host, tally)
            }
        }
    }
}

/// A memory cgroup of one test's own, in whichever version the host has.
struct MemoryGroup {
    private let path: String
    private let isUnified: Bool

    init(bytes: Int) throws {
        let name = "altp-test-oom-\(getpid())"
        isUnified = access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) != 0
        path = isUnified ? "/sys/fs/cgroup/\(name)" : "/sys/fs/cgroup/memory/\(name)"
        guard mkdir(path, 0o755) == 0 else { throw TestFailure("mkdir \(path): \(String(cString: strerror(errno)))") }
        do {
            try write(isUnified ? "memory.max" : "memory.limit_in_bytes", "\(bytes)")
            let swap = isUnified ? "memory.swap.max" : "memory.memsw.limit_in_bytes"
            if access("\(path)/\(swap)", F_OK) == 0 { try write(swap, isUnified ? "0" : "\(bytes)") }
        } catch {
            rmdir(path)
            throw error
        }
    }

    func take(_ pid: pid_t) throws { try write("cgroup.procs", "\(pid)") }

    /// How many processes in it the kernel has killed for want of memory.
    func kills() throws -> Int {
        let text = try String(
            contentsOfFile: "\(path)/\(isUnified ? "memory.events" : "memory.oom_control")", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }

    func remove() {
        let deadline = Deadline(seconds: 5)
        while rmdir(path) != 0, errno != ENOENT, !deadline.isOver { usleep(10_000) }
    }

    private func write(_ file: String, _ text: String) throws {
        let descriptor = Glibc.open("\(path)/\(file)", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0, Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw TestFailure("write \(text) to \(path)/\(file): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
