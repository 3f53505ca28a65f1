import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The process from which a Launcher's sandboxes are forked.
    @Suite struct ForkServerTests {
        private static let files = [
            "tasks/wait.yaml": """
            policy: small
            scripts: [{name: wait, run: 'while [ ! -e /processing/open ]; do sleep 0.05; done'}]
            """,
            "tasks/quick.yaml": "policy: small\nscripts: [{name: quick, run: [/bin/true]}]\n",
        ]

        private static func server(of host: Host) throws -> pid_t {
            let parent = try #require(host.pid)
            return try eventually("the Launcher \(parent) has a fork server") {
                HostProcess.all().first { HostProcess.parent(of: $0) == parent && HostProcess.isForkServer($0) }
            }
        }

        private static func isGone(_ pid: pid_t) throws {
            _ = try eventually("process \(pid) is gone") { kill(pid, 0) != 0 && errno == ESRCH ? true : nil }
        }

        private static func open(_ id: Int64, _ host: Host) throws {
            try host.root.write("state/processings/\(id)/shared/open", "")
        }

        /// A Script that runs must not keep the next one from being started, nor end.
        @Test func whenItIsKilledWhatRunsGoesOnAndTheNextScriptGetsANewOne() throws {
            try withHost(Self.files) { host in
                let running = try host.trigger("wait")
                try host.running(running, "wait")
                let first = try Self.server(of: host)
                kill(first, SIGKILL)
                // Its Launcher reaps it when it needs the next one.
                _ = try eventually("process \(first) has ended") {
                    try HostProcess.status(of: first)["State"]?.hasPrefix("Z") == true ? true : nil
                }
                #expect(try host.complete("quick").status == "success")
                #expect(try Self.server(of: host) != first)
                try Self.open(running, host)
                #expect(try host.ended(running).status == "success")
            }
        }

        @Test func itEndsWithAKilledLauncherAndTheScriptsDoNot() throws {
            try withHost(Self.files) { host in
                let running = try host.trigger("wait")
                try host.running(running, "wait")
                let server = try Self.server(of: host)
                try host.end(SIGKILL)
                try Self.isGone(server)
                try host.start()
                try Self.open(running, host)
                #expect(try host.ended(running).status == "success")
                #expect(try host.complete("quick").status == "success")
            }
        }

        /// The kernel reaps them: else each would stay in the table of processes for as long as the Launcher lives.
        @Test func noEndedSandboxStaysBehindAsAZombie() throws {
            try withHost(Self.files) { host in
                for _ in 0..<3 { #expect(try host.complete("quick").status == "success") }
                let server = try Self.server(of: host)
                _ = try eventually("the fork server has no children") {
                    HostProcess.all().contains { HostProcess.parent(of: $0) == server } ? nil : true
                }
            }
        }
    }
}
