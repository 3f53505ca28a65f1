import FoundationEssentials
import Glibc
import Synchronization
import Testing
import Wire

extension EndToEnd {
    /// The stream tells what happens, once, in order, and without a gap.
    @Suite struct StreamTests {
        private static let files = [
            "tasks/job.yaml": "on_event: scene\npolicy: small\nscripts: [{name: work, run: echo done}]\n",
            "tasks/other.yaml": "policy: small\nscripts: [{name: work, run: exit 3}]\n",
        ]

        private static let stream = "/api/v1/stream"

        private static func ended(_ messages: [StreamReader.Message]) throws -> [Int64] {
            try messages.filter { $0.event == "processing" }.map { try $0.value(ProcessingChangeView.self) }
                .filter { $0.change == "ended" }.map(\.processing.id)
        }

        @Test func tellsALifeInOrder() throws {
            try withHost(Self.files) { host in
                let reader = try StreamReader(host.socket, Self.stream)
                try reader.wait("the stream is ready") { !$0.isEmpty }
                #expect(reader.status == 200)
                #expect(reader.head.lowercased().contains("content-type: text/event-stream"))
                let receipt = try host.send("scene", "a", "--param", "x=1")
                try reader.wait("the Processing ends") { try !Self.ended($0).isEmpty }
                let told = try reader.messages.map { message in
                    switch message.event {
                    case "ready": "ready"
                    case "event": "event " + (try message.value(EventChangeView.self)).change
                    case "processing": "processing " + (try message.value(ProcessingChangeView.self)).change
                    case "attempt": "attempt " + (try message.value(AttemptChangeView.self)).change
                    default: message.event
                    }
                }
                #expect(
                    told.prefix(7) == [
                        "ready", "event received", "processing created", "processing started", "attempt started",
                        "attempt ended", "processing ended",
                    ])
                let ids = reader.ids
                #expect(ids == ids.sorted() && Set(ids).count == ids.count)
                #expect(Array(ids.prefix(6)) == (ids[0]...ids[0] + 5).map { $0 })
                // Each is the view of its moment.
                let views = try reader.messages.filter { $0.event == "processing" }
                    .map { try $0.value(ProcessingChangeView.self).processing }
                #expect(views.prefix(3).map(\.status) == ["waiting", "running", "success"])
                #expect(views[0].event == receipt.event.id && views[0].endedAt == nil && views[2].endedAt != nil)
                let event = try #require(reader.messages.first { $0.event == "event" }).value(EventChangeView.self)
                #expect(
                    event.event
                        == EventView(
                            id: receipt.event.id, type: "scene", key: "a", params: ["x": "1"], source: "cli:root",
                            createdAt: receipt.event.createdAt))
                let attempt = try #require(reader.messages.last { $0.event == "attempt" })
                    .value(AttemptChangeView.self)
                #expect(attempt.outcome == "success" && attempt.reference.description == "\(views[0].id)/work#1")
                reader.close()
            }
        }

        @Test func filtersAndTellsOfTasksAndTheHost() throws {
            try withHost(Self.files) { host in
                let all = try StreamReader(host.socket, "\(Self.stream)?topic=tasks&topic=host")
                let other = try StreamReader(host.socket, "\(Self.stream)?topic=processings&task=other")
                for reader in [all, other] { try reader.wait("ready") { !$0.isEmpty } }
                try host.altp("task", "pause", "other", "--reason", "lunch time")
                try host.altp("task", "resume", "other")
                try host.write("tasks/new.yaml", "policy: small\nscripts: [{name: work, run: echo new}]\n")
                try host.altp("task", "reload")
                _ = try host.send("scene", "a")
                let failed = try host.complete("other")
                let third = try StreamReader(host.socket, "\(Self.stream)?processing=\(failed.id)&last_event_id=0")
                try other.wait("other's end") { try Self.ended($0) == [failed.id] }
                try third.wait("the same, later") { try Self.ended($0) == [failed.id] }
                #expect(
                    try Set(other.messages.dropFirst().map { try $0.value(ProcessingChangeView.self).processing.task })
                        == ["other"])
                #expect(Set(third.messages.map(\.event)) == ["ready", "processing", "attempt"])
                try all.wait("the reload") { $0.contains { $0.event == "host" } }
                let changes = try all.messages.filter { $0.event == "task" }.map { try $0.value(TaskChangeView.self) }
                #expect(changes.map(\.change) == ["paused", "resumed", "added"])
                #expect(changes.map(\.task) == ["other", "other", "new"])
                #expect(changes[0].reason?.contains("lunch time") == true)
                for reader in [all, other, third] { reader.close() }
            }
        }

        /// Connections that break all the time, and a Launcher that is killed and started again, while Processings end.
        @Test func resumesWithoutAGapAndWithoutARepetition() throws {
            try withHost(Self.files) { host in
                let witness = try StreamReader(host.socket, Self.stream)
                try witness.wait("ready") { !$0.isEmpty }
                let first = try #require(witness.messages.first?.id)
                var last = first
                var ids: [Int64] = []
                var ended: [Int64] = []
                var sent: Set<Int64> = []
                for round in 0..<12 {
                    let reader = try StreamReader(
                        host.socket, Self.stream, headers: ["Last-Event-ID: \(last)"])
                    for number in 0..<4 {
                        sent.formUnion(try host.send("scene", "\(round)-\(number)").event.processings ?? [])
                    }
                    if round % 4 == 3 {
                        try host.end(round == 7 ? SIGKILL : SIGTERM)
                        try host.start()
                    } else {
                        usleep(useconds_t(20_000 * (round % 3)))
                    }
                    reader.close()
                    _ = try eventually("the connection's end") { reader.isOver ? true : nil }
                    ids += reader.ids
                    ended += try Self.ended(reader.messages)
                    #expect(!reader.messages.contains { $0.event == "reset" })
                    last = ids.last ?? last
                }
                let reader = try StreamReader(host.socket, "\(Self.stream)?last_event_id=\(last)")
                try reader.wait("all have ended") { try Set(ended + Self.ended($0)) == sent }
                ids += reader.ids
                ended += try Self.ended(reader.messages)
                #expect(ids == (first + 1...first + Int64(ids.count)).map { $0 })
                #expect(ended.sorted() == sent.sorted())
                // Its connection ended with the first Launcher, by a proper end of the stream.
                #expect(witness.isOver)
                reader.close()
            }
        }

        @Test func saysWhatIsNoLongerKept() throws {
            try withHost(Self.files) { host in
                let future = try StreamReader(host.socket, Self.stream, headers: ["Last-Event-ID: 123456"])
                try future.wait("a reset") { $0.first?.event == "reset" }
                let view = try #require(future.messages.first).value(StreamPositionView.self)
                #expect(view.after == 123_456)
                // It goes on from now.
                _ = try host.send("scene", "a")
                try future.wait("the end") { try Self.ended($0).count == 1 }
                #expect(try #require(future.ids.dropFirst().first) == view.id + 1)
                future.close()
                let wrong = try StreamReader(host.socket, "\(Self.stream)?topic=nonsense")
                _ = try eventually("an answer") { wrong.status }
                #expect(wrong.status == 400)
                wrong.close()
            }
        }

        /// One that does not read costs the others nothing, and gets all when it does.
        @Test func aSlowReaderDelaysNobody() throws {
            try withHost(Self.files, settings: ["keep_changes: 100000"]) { host in
                let slow = try StreamReader(host.socket, Self.stream, isPaused: true)
                let quick = try StreamReader(host.socket, "\(Self.stream)?topic=tasks")
                try quick.wait("ready") { !$0.isEmpty }
                // Far more than the sockets' buffers hold: each Event is a kilobyte or two.
                let text = String(repeating: "x", count: 1500)
                let count = 1200
                for number in 0..<count {
                    let body = #"{"type": "big", "key": "\#(number)", "params": {"text": "\#(text)"}}"#
                    let answer = try UnixRequest.send(host.socket, "POST", "/api/v1/events", Array(body.utf8))
                    #expect(answer.status == 201)
                }
                let before = Deadline.now
                try host.altp("task", "pause", "other")
                try quick.wait("the pause", seconds: 2) { $0.contains { $0.event == "task" } }
                #expect(try #require(quick.messages.last).at - before < 2)
                slow.pause(false)
                try slow.wait("all of it", seconds: 30) { $0.count(where: { $0.event == "event" }) == count }
                let ids = slow.ids
                #expect(ids == (ids[0]..<ids[0] + Int64(ids.count)).map { $0 })
                slow.close()
                quick.close()
            }
        }

        /// A silent stream stays open beyond the time after which a silent connection is closed, and says that it is alive.
        @Test func aSilentStreamStaysOpen() throws {
            try withHost(Self.files) { host in
                let reader = try StreamReader(host.socket, "\(Self.stream)?topic=tasks")
                try reader.wait("ready") { !$0.isEmpty }
                _ = try eventually("three signs of life", seconds: 50) { reader.comments >= 3 ? true : nil }
                #expect(!reader.isOver)
                try host.altp("task", "pause", "other")
                try reader.wait("the pause") { $0.contains { $0.event == "task" } }
                reader.close()
            }
        }

        @Test func aStopEndsStreamsAtOnce() throws {
            try withHost(Self.files) { host in
                let readers = try (0..<20).map { _ in try StreamReader(host.socket, Self.stream) }
                for reader in readers { try reader.wait("ready") { !$0.isEmpty } }
                let before = Deadline.now
                try host.end(SIGTERM)
                #expect(Deadline.now - before < 3)
                for reader in readers {
                    _ = try eventually("the end") { reader.isOver ? true : nil }
                    #expect(reader.messages.last?.event == "host")
                }
            }
        }

        /// The command goes on where it was when the Launcher is back, and says meanwhile that it is not there.
        @Test func theCommandGoesOnOverARestart() throws {
            try withHost(Self.files) { host in
                let command = try ChildProcess(
                    [Installation.path(of: "altp"), "stream", "--topic", "tasks"],
                    environment: ["ALTP_SOCKET": host.socket])
                func lines() -> [Substring] { command.output.split(separator: "\n") }
                _ = try eventually("it is ready") { lines().count == 1 ? true : nil }
                #expect(lines()[0].hasPrefix(#"{"event":"ready","id":"#))
                try host.altp("task", "pause", "other")
                _ = try eventually("the pause") { lines().count == 2 ? true : nil }
                try host.end(SIGKILL)
                _ = try eventually("it says so") { command.errors.contains("Trying again.") ? true : nil }
                try host.start()
                try host.altp("task", "resume", "other")
                _ = try eventually("the resumption") { lines().count == 3 ? true : nil }
                struct Line: Decodable {
                    var event: String
                    var id: Int64
                    var data: TaskChangeView
                }
                let changes = try lines().dropFirst().map { try WireJSON.decode(Line.self, from: Array($0.utf8)) }
                #expect(changes.map(\.data.change) == ["paused", "resumed"])
                #expect(changes.map(\.event) == ["task", "task"] && changes[0].id < changes[1].id)
                command.signal(SIGINT)
                #expect(try command.wait(seconds: 5).status == 130)
                let refused = try host.run("stream", "--topic", "nonsense")
                #expect(refused.status == 1 && refused.errors.contains("nonsense is unknown"))
            }
        }

        @Test func aScriptSeesItsOwnTaskAlone() throws {
            let look = #"""
                #!/usr/bin/python3 -B
                import socket
                def ask(query):
                    s = socket.socket(socket.AF_UNIX)
                    s.connect("/run/altp.sock")
                    s.settimeout(1)
                    s.sendall(b"GET /api/v1/stream?last_event_id=0" + query + b" HTTP/1.1\r\nHost: altp\r\n\r\n")
                    data = b""
                    try:
                        while True:
                            piece = s.recv(65536)
                            if not piece: break
                            data += piece
                    except TimeoutError:
                        pass
                    return data.decode()
                all = ask(b"")
                print("STATUS", all.split(" ")[1])
                print("EVENTS", "event: event" in all, "HOST", "event: host" in all)
                print("OTHER", '"task":"other"' in all, "OWN", '"task":"look"' in all)
                print("FORBIDDEN", ask(b"&topic=host").split(" ")[1])
                print("LOG", ask(b"&topic=log:1/work%231").split(" ")[1])
                """#
            var files = Self.files
            files["tasks/look/look.py"] = look
            files["tasks/look.yaml"] = "policy: task\nscripts: [{name: look, run: look.py}]\n"
            files["policies/task.yaml"] = "limits: {cpu: 1, memory: 256M, wall_time: 1m}\ncontrol: task\n"
            try withHost(files) { host in
                _ = try host.complete("other")
                _ = try host.send("scene", "a")
                let looked = try host.complete("look")
                let log = try host.altp("logs", "\(looked.id)")
                #expect(
                    log == """
                        STATUS 200
                        EVENTS False HOST False
                        OTHER False OWN True
                        FORBIDDEN 403
                        LOG 403

                        """)
            }
        }
    }
}
