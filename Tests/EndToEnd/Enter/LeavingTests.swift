import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Nothing of a session outlives it, whatever ends it.
    @Suite struct LeavingTests {
        /// What is there of sessions, on the host.
        private static func rest(of host: Host) -> [String] {
            HostProcess.groups(below: "/sys/fs/cgroup", named: "session-").filter { $0.contains(host.cgroup) }
                + FileTree.names(in: "\(host.state)/sessions") + host.loopDevices()
        }

        private static func nothing(of host: Host, _ when: String) throws {
            _ = try eventually("nothing is left \(when): \(rest(of: host))") { rest(of: host) == [] ? true : nil }
        }

        @Test(arguments: ["failing", "disk", "running"])
        func whatItLeftRunningIsEnded(_ task: String) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begunOrFailed(task)
                let marker = "4000.\(getpid())"
                let line = """
                    setsid sleep \(marker) & nohup sleep \(marker) & (trap '' TERM HUP; sleep \(marker)) &
                    setsid sh -c 'kill -STOP $$' & echo done
                    """
                #expect(try host.inside("\(id)", line) == "done\n")
                // At once: the end is only told when this is so.
                #expect(HostProcess.find(commandLine: ["sleep", marker]) == nil)
                #expect(Self.rest(of: host) == [])
                #expect(host.helpers().count == (task == "running" ? 1 : 0))
                if task == "running" {
                    #expect(try host.processing(id).status == "running")
                    try host.altp("cancel", "\(id)")
                    try host.ended(id)
                }
            }
        }

        @Test(arguments: ["failing", "running"])
        func aLostConnectionEndsIt(_ task: String) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begunOrFailed(task)
                let before = host.helpers().count
                let visitors = try (0..<3).map { _ in try host.stayInside("\(id)") }
                #expect(host.helpers().count > before)
                visitors.forEach { $0.signal(SIGKILL) }
                try Self.nothing(of: host, "of lost connections")
                _ = try eventually("their helpers end") { host.helpers().count == before ? true : nil }
                _ = try eventually("their ends are recorded") {
                    try host.entries().allSatisfy { $0.endedAt != nil } ? true : nil
                }
                if task == "running" {
                    #expect(try host.processing(id).status == "running")
                    try host.altp("cancel", "\(id)")
                    try host.ended(id)
                }
            }
        }

        @Test func aKilledLauncherLeavesNobodyInside() throws {
            try withHost(EnteredTasks.files) { host in
                let running = try host.begun()
                let script = Set(host.helpers())
                let ended = [try host.failed("failing"), try host.failed("disk")]
                var visitors: [ChildProcess] = []
                for id in ended + [running] { visitors.append(try host.stayInside("\(id)")) }
                visitors.append(try host.stayInside("\(ended[0])", ["--snapshot"]))
                visitors.append(try host.stayInside("\(ended[0])", ["--relax", "limits"]))
                let helpers = Set(host.helpers()).subtracting(script)
                // A joiner for each, and a sandbox for each attempt that was made again.
                #expect(helpers.count == 5 + 3)
                try host.end(SIGKILL)
                // Without any Launcher.
                _ = try eventually("the sessions end") { helpers.allSatisfy { kill($0, 0) != 0 } ? true : nil }
                #expect(host.loopDevices() == [])
                let inside = host.leftovers().filter { $0.hasPrefix("process ") }
                // The Script's own.
                #expect(inside.count <= 2)
                for visitor in visitors { #expect(try visitor.wait().status != 0) }

                try host.start()
                #expect(Self.rest(of: host) == [])
                #expect(try host.processing(running).status == "running")
                let entries = try host.entries()
                #expect(entries.count == 5)
                #expect(entries.allSatisfy { $0.endedAt != nil && $0.ending == "the Launcher ended" })
                // Each can be entered as before.
                for id in ended + [running] { #expect(try host.inside("\(id)", "echo again") == "again\n") }
                try host.altp("cancel", "\(running)")
                try host.ended(running)
            }
        }

        @Test func anOrderlyStopEndsThem() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let visitor = try host.stayInside("\(id)")
                #expect(try host.end(SIGTERM).status == 0)
                #expect(try visitor.wait().status != 0)
                #expect(host.leftovers() == [])
                #expect(FileTree.names(in: "\(host.state)/sessions") == [])
                let entry = try #require(try host.entries().first)
                #expect(entry.endedAt != nil)
                try host.start()
            }
        }

        @Test func theScriptsEndIsTheirs() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begun()
                let visitor = try host.stayInside("\(id)")
                try host.altp("cancel", "\(id)")
                #expect(try host.ended(id).outcome == "cancelled")
                #expect(try visitor.wait().status == 137)
                try Self.nothing(of: host, "after the Script's end")
                let entry = try #require(try host.entries().first)
                #expect(entry.ending == "its sandbox has ended")
            }
        }

        @Test func aKilledHelperLeavesNothing() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let visitor = try host.stayInside("\(id)", ["--relax", "limits"])
                // The joiner and the sandbox's pid 1, in either order.
                for pid in host.helpers() { kill(pid, SIGKILL) }
                #expect(try visitor.wait().status != 0)
                try Self.nothing(of: host, "of killed helpers")
                #expect(try host.inside("\(id)", "echo again") == "again\n")
            }
        }
    }
}
