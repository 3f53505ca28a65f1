import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// An attempt's sandbox is made while it is recorded that the attempt starts, and waits for the record.
    @Suite struct StartRecordTests {
        /// Of two Scripts that have room for one, the first runs until the test lets it end, when the store takes nothing: the
        /// second one's sandbox is made, and its start is not recorded.
        private static func withUnrecordedStart(
            _ arguments: [String],
            _ body: (Host, _ store: ChildProcess, _ ids: [Int64], _ lines: () throws -> [String]) throws -> Void
        ) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            chmod(folder.path, 0o777)
            try folder.write("lines", "")
            chmod("\(folder.path)/lines", 0o666)
            // Without sandboxes nothing is mounted.
            let place = arguments.isEmpty ? "/count" : folder.path
            let mounts = arguments.isEmpty ? "mounts: [{source: \(folder.path), target: /count, mode: rw}]" : ""
            let files = [
                "policies/alone.yaml": """
                limits: {cpu: 1, memory: 64M, wall_time: 2m, grace: 1s}
                \(mounts)
                """,
                "tasks/job.yaml": """
                policy: alone
                scripts:
                  - name: work
                    run: |
                      echo $ALTP_PROCESSING >>\(place)/lines
                      while [ ! -e \(place)/open ]; do sleep 0.05; done
                """,
            ]
            try withHost(
                files, settings: ["cpu: 1", "memory: 1G"], state: arguments.isEmpty ? nil : "\(folder.path)/state",
                arguments: arguments
            ) { host in
                let first = try host.trigger("job")
                try host.running(first, "work")
                let second = try host.trigger("job")
                let store = try ChildProcess([
                    "/usr/bin/python3", "-c",
                    "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                        + "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(120)",
                    "\(host.state)/altp.db",
                ])
                defer {
                    store.signal(SIGKILL)
                    _ = try? store.wait()
                }
                _ = try eventually("the store takes nothing") { store.output.contains("held") ? true : nil }
                try folder.write("open", "")
                let lock = "\(host.state)/processings/\(second)/work.1/lock"
                _ = try eventually("the sandbox of Processing \(second) is being made") {
                    try isLocked(lock) ? true : nil
                }
                // So that it comes to its gate.
                usleep(300_000)
                #expect(try String(contentsOfFile: lock, encoding: .utf8).hasPrefix("prepared"))
                try body(host, store, [first, second]) {
                    try folder.read("lines").split(separator: "\n").map(String.init)
                }
            }
        }

        /// By what the kernel says: to try it would be in the way of who wants it.
        private static func isLocked(_ path: String) throws -> Bool {
            var status = stat()
            guard stat(path, &status) == 0 else { return false }
            return try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").contains {
                $0.contains("FLOCK") && $0.contains(":\(status.st_ino) ")
            }
        }

        @Test(arguments: [[], ["--without-sandboxes"]])
        func aScriptWhoseStartIsNotRecordedNeverRunsAndLeavesNothing(_ arguments: [String]) throws {
            try Self.withUnrecordedStart(arguments) { host, store, ids, lines in
                try host.end(SIGKILL)
                let lock = "\(host.state)/processings/\(ids[1])/work.1/lock"
                _ = try eventually("what was made has ended") { try Self.isLocked(lock) ? nil : true }
                #expect(try lines() == ["\(ids[0])"])
                store.signal(SIGKILL)
                try store.wait()
                try host.start()
                for id in ids { #expect(try host.ended(id).status == "success") }
                // Only then: it has been cleared away once more, and started from new.
                #expect(host.log.contains("Script had not started"))
                #expect(try lines() == ids.map { "\($0)" })
                #expect(try host.processing(ids[1]).scripts?.first?.attempts.map(\.number) == [1])
            }
        }

        /// The store waits ten seconds for another's lock, and says then that it takes nothing.
        @Test func aStartThatCannotBeRecordedIsGivenUpAndTriedAgain() throws {
            try Self.withUnrecordedStart([]) { host, store, ids, lines in
                let lock = "\(host.state)/processings/\(ids[1])/work.1/lock"
                _ = try eventually("the start is given up") { try Self.isLocked(lock) ? nil : true }
                #expect(try lines() == ["\(ids[0])"])
                store.signal(SIGKILL)
                try store.wait()
                for id in ids { #expect(try host.ended(id).status == "success") }
                #expect(try lines() == ids.map { "\($0)" })
            }
        }
    }
}
