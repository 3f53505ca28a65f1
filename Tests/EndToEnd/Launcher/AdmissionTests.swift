import Glibc
import Testing
import Wire

extension EndToEnd {
    @Suite struct AdmissionTests {
        private static let hold = "while [ ! -e /gate/open ]; do sleep 0.05; done"

        /// A policy whose Scripts see a folder of the host at /gate, and run until the test opens it.
        private static func gate(_ host: Host) throws -> String {
            try host.root.write("gate/readme", "")
            try host.write(
                "policies/gated.yaml",
                """
                limits: {cpu: 0.5, memory: 128M, wall_time: 2m, grace: 1s}
                mounts: [{source: \(host.root.path)/gate, target: /gate}]
                """)
            return "gate/open"
        }

        @Test func aPausedTaskWaitsUntilItIsResumed() throws {
            try withHost(["tasks/job.yaml": "policy: small\nscripts: [{name: work, run: echo done}]\n"]) { host in
                try host.altp("task", "pause", "job", "--reason", "archive is full")
                let id = try host.trigger("job")
                let why = try host.why(id)
                #expect(why.facts.map(\.kind) == ["task-paused"])
                #expect(why.summary.contains("archive is full"))
                // A pause outlives the Launcher.
                try host.end(SIGTERM)
                try host.start()
                #expect(try host.json(PageView<TaskView>.self, "task", "list").items.first?.paused == true)
                #expect(try host.processing(id).status == "waiting")
                try host.altp("task", "resume", "job")
                #expect(try host.ended(id).status == "success")
            }
        }

        @Test func maxRunningHoldsTheOthersBack() throws {
            try withHost([
                "tasks/job.yaml": "policy: small\nmax_running: 1\nscripts: [{name: work, run: sleep 0.3}]\n"
            ]) { host in
                let ids = try (0..<3).map { _ in try host.trigger("job") }
                #expect(try host.why(try #require(ids.last)).facts.contains { $0.kind == "max-running" })
                let spans = try ids.map { id in
                    let done = try host.ended(id)
                    return (try #require(done.startedAt), try #require(done.endedAt))
                }.sorted { $0.0 < $1.0 }
                for (before, after) in zip(spans, spans.dropFirst()) { #expect(before.1 <= after.0) }
            }
        }

        @Test func whyNamesWhoHoldsThePoolAndThePriorityDecidesWhoIsNext() throws {
            try withHost([:], settings: ["pools: {download: 1}"]) { host in
                let open = try Self.gate(host)
                for (name, priority) in [("low", 0), ("high", 5)] {
                    try host.write(
                        "tasks/\(name).yaml",
                        """
                        policy: gated
                        priority: \(priority)
                        scripts: [{name: fetch, run: '\(Self.hold)', pools: {download: 1}}]
                        """)
                }
                try host.altp("task", "reload")
                let holder = try host.trigger("low")
                try host.running(holder, "fetch")
                let low = try host.trigger("low")
                let high = try host.trigger("high")
                let fact = try #require(try host.why(low).facts.first { $0.kind == "pool" })
                #expect(fact.values["pool"] == "download")
                #expect(fact.values["free"] == "0")
                #expect(fact.values["holder"] == "\(holder)/fetch")
                try host.root.write(open, "")
                let (first, second) = (try host.ended(high), try host.ended(low))
                #expect(try #require(first.endedAt) <= #require(second.startedAt))
            }
        }

        @Test func whyTellsHowMuchMemoryIsMissing() throws {
            try withHost([:], settings: ["cpu: 8", "memory: 1G"]) { host in
                let open = try Self.gate(host)
                for (name, memory) in [("holder", "700M"), ("waiter", "600M")] {
                    try host.write(
                        "tasks/\(name).yaml",
                        "policy: gated\nscripts: [{name: work, run: '\(Self.hold)', limits: {memory: \(memory)}}]\n")
                }
                try host.altp("task", "reload")
                let holder = try host.trigger("holder")
                try host.running(holder, "work")
                let waiter = try host.trigger("waiter")
                let fact = try #require(try host.why(waiter).facts.first { $0.kind == "memory" })
                #expect(fact.values["wanted"] == "\(600 << 20)")
                #expect(fact.values["free"] == "\((1024 - 700) << 20)")
                try host.root.write(open, "")
                #expect(try host.ended(waiter).status == "success")
                // What could never start is refused where it is written.
                try host.write(
                    "tasks/giant.yaml", "scripts: [{name: work, run: 'true', limits: {memory: 2G}}]\n")
                let reload = try host.run("task", "reload")
                #expect(reload.status == 1)
                #expect(reload.errors.contains("memory: the Script needs 2G, and altp.yaml hands out 1G"))
            }
        }

        @Test func everyTicksAtOnceAndAgain() throws {
            try withHost([
                "tasks/tick.yaml": "every: 1s\npolicy: small\nscripts: [{name: work, run: echo tick}]\n"
            ]) { host in
                let done = try eventually("two ticks have run") {
                    let all = try host.processings("--status", "success")
                    return all.count >= 2 ? all : nil
                }
                #expect(done[1].createdAt.milliseconds - done[0].createdAt.milliseconds >= 900)
            }
        }
    }
}
