import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// A request that comes twice with its key is done once.
    @Suite struct IdempotencyTests {
        private static let files = [
            "tasks/job.yaml": "policy: small\nscripts: [{name: work, run: 'exit 1'}]\n",
            "tasks/seen.yaml": "on_event: scene\npolicy: small\nscripts: [{name: work, run: 'true'}]\n",
        ]

        private static func key(_ name: String) -> [String: String] { ["Idempotency-Key": "\"\(name)\""] }

        @Test func theAnswerIsRepeated() throws {
            try withHost(Self.files) { host in
                let body = #"{"type":"scene","key":"a","force":true}"#
                let first = try host.ask("POST", "/events", Self.key("1"), body)
                #expect(first.status == 201 && first.headers["idempotency-replayed"] == nil)
                let second = try host.ask("POST", "/events", Self.key("1"), body)
                #expect(second.status == 201 && second.body == first.body)
                #expect(second.headers["idempotency-replayed"] == "true")
                #expect(second.headers["location"] == first.headers["location"])
                // Without the quotes it is the same key.
                #expect(try host.ask("POST", "/events", ["Idempotency-Key": "1"], body).body == first.body)
                let other = try host.ask("POST", "/events", Self.key("1"), body.replacing("\"a\"", with: "\"b\""))
                #expect(other.status == 422 && other.problem == "idempotency-key-reused")
                #expect(try host.ask("POST", "/events", Self.key("2"), body).body != first.body)
                #expect(try host.processings("--task", "seen").count == 2)
                // It outlives the Launcher.
                try host.end(SIGKILL)
                try host.start()
                #expect(try host.ask("POST", "/events", Self.key("1"), body).body == first.body)
                #expect(try host.processings("--task", "seen").count == 2)
            }
        }

        @Test func whatWasRefusedMayBePossibleLater() throws {
            try withHost(Self.files) { host in
                #expect(try host.ask("POST", "/tasks/none/trigger", Self.key("1")).status == 404)
                try host.write("tasks/none.yaml", "policy: small\nscripts: [{name: work, run: 'true'}]\n")
                try host.altp("task", "reload")
                #expect(try host.ask("POST", "/tasks/none/trigger", Self.key("1")).status == 201)
                for bad in ["", "\"\"", "a b", "\"a", "\"\(String(repeating: "x", count: 256))\""] {
                    let answer = try host.ask("POST", "/tasks/job/trigger", ["Idempotency-Key": bad])
                    #expect(answer.status == 400 && answer.text.contains("Idempotency-Key"), "\(bad)")
                }
                #expect(try host.processings("--task", "job").isEmpty)
                // What needs no key takes it.
                #expect(try host.ask("GET", "/tasks", Self.key("1")).status == 200)
                let session = try host.ask("POST", "/processings/1/sessions", Self.key("9"), "{}")
                #expect(session.status == 400)
            }
        }

        @Test func rerunsAndOtherActionsAreDoneOnce() throws {
            try withHost(Self.files) { host in
                let id = try host.complete("job").id
                let first = try host.ask("POST", "/processings/\(id)/rerun", Self.key("r"), "{}")
                #expect(first.status == 200)
                try host.ended(id)
                let second = try host.ask("POST", "/processings/\(id)/rerun", Self.key("r"), "{}")
                #expect(second.status == 200 && second.body == first.body)
                #expect(try host.processing(id).scripts?.first?.attempts.count == 2)
                let pinned = try host.ask("POST", "/processings/\(id)/pin", Self.key("p"), "{}")
                #expect(try host.ask("POST", "/processings/\(id)/unpin").status == 200)
                #expect(try host.ask("POST", "/processings/\(id)/pin", Self.key("p"), "{}").body == pinned.body)
                #expect(try host.processing(id).pinnedBy == nil)
            }
        }

        @Test func ofManyAtOnceOneIsDone() async throws {
            let host = try Host(Self.files)
            defer { host.close() }
            try host.start()
            let socket = host.socket
            for round in 0..<5 {
                let answers = try await withThrowingTaskGroup(of: UnixRequest.Answer.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            try UnixRequest.send(
                                socket, "POST", "\(WirePath.root)/tasks/job/trigger",
                                headers: Self.key("round-\(round)"), Array("{}".utf8))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0.status == 201 || $0.status == 409 })
                #expect(Set(answers.filter { $0.status == 201 }.map(\.body)).count == 1)
                #expect(answers.filter { $0.status == 409 }.allSatisfy { $0.body.contains("request-under-way") })
                #expect(try host.processings("--task", "job").count == round + 1)
            }
        }

        /// The Launcher is killed while requests are on their way, and each is sent again until it is answered.
        @Test func aKilledLauncherDoesNothingTwice() throws {
            try withHost(Self.files) { host in
                let rounds = 12
                var ids: Set<Int64> = []
                for round in 0..<rounds {
                    let socket = host.socket
                    // In a thread of its own: the answer may never come.
                    let thread = Thread {
                        _ = try? UnixRequest.send(
                            socket, "POST", "\(WirePath.root)/tasks/job/trigger", headers: Self.key("k\(round)"),
                            Array("{}".utf8))
                    }
                    thread.start()
                    usleep(UInt32(round) * 400)
                    try host.end(SIGKILL)
                    thread.wait()
                    try host.start()
                    let answer = try host.ask("POST", "/tasks/job/trigger", Self.key("k\(round)"), "{}")
                    #expect(answer.status == 201)
                    ids.insert(try answer.json(ProcessingView.self).id)
                }
                #expect(ids.count == rounds)
                #expect(try host.processings("--task", "job").count == rounds)
            }
        }

        /// Between the commit of what was asked for and the keeping of the answer.
        @Test func anAnswerThatWasNotKeptIsMadeAnew() throws {
            try withHost(Self.files) { host in
                let event = #"{"type":"scene","key":"a","force":true}"#
                let requests: [(String, String)] = [("/events", event), ("/tasks/job/trigger", "{}")]
                let first = try requests.map { try host.ask("POST", $0.0, Self.key($0.0), $0.1) }
                let id = try first[1].json(ProcessingView.self).id
                try host.ended(id)
                #expect(try host.ask("POST", "/processings/\(id)/rerun", Self.key("r"), "{}").status == 200)
                try host.ended(id)
                let many = "{\"action\":\"rerun\",\"ids\":[\(id)]}"
                #expect(try host.ask("POST", "/processings/actions", Self.key("m"), many).status == 200)
                try host.ended(id)
                try host.end(SIGKILL)
                let edit = try ChildProcess([
                    "/usr/bin/python3", "-B", "-c",
                    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); "
                        + "print(db.execute('UPDATE idempotency SET status = NULL, headers = NULL, body = NULL').rowcount); "
                        + "db.commit()",
                    "\(host.state)/altp.db",
                ]).wait(seconds: 30)
                #expect(edit.output == "4\n", "\(edit.errors)")
                try host.start()
                for (index, request) in requests.enumerated() {
                    let again = try host.ask("POST", request.0, Self.key(request.0), request.1)
                    #expect(again.status == 201 && again.headers["idempotency-replayed"] == "true")
                    #expect(again.headers["location"] == first[index].headers["location"])
                }
                #expect(try host.ask("POST", "/processings/\(id)/rerun", Self.key("r"), "{}").status == 200)
                let actions = try host.ask("POST", "/processings/actions", Self.key("m"), many)
                #expect(try actions.json(ActionsView.self).items == [.init(processing: id, result: "done")])
                #expect(try host.processing(id).scripts?.first?.attempts.count == 3)
                #expect(try host.processings("--task", "job").count == 1)
                #expect(try host.processings("--task", "seen").count == 1)
            }
        }
    }
}

/// A thread that can be waited for.
private final class Thread: @unchecked Sendable {
    private var handle = pthread_t()
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() {
        pthread_create(
            &handle, nil,
            { context in
                Unmanaged<Thread>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
    }

    func wait() { pthread_join(handle, nil) }
}
