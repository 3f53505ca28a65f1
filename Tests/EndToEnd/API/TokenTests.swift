import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Who may do what over TCP.
    @Suite struct TokenTests {
        private static let tasks = [
            "tasks/own.yaml": "policy: small\non_event: own\nscripts: [{name: work, run: echo done}]\n",
            "tasks/other.yaml": "policy: small\non_event: other\nscripts: [{name: work, run: echo done}]\n",
        ]

        @Test func nothingListensUnlessItIsAskedTo() throws {
            try withHost([:]) { host in
                let pid = try #require(host.pid)
                let own = Set(
                    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").compactMap {
                        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\($0)")
                    })
                #expect(!own.isEmpty)
                for table in ["tcp", "tcp6"] {
                    let lines = try String(contentsOfFile: "/proc/\(pid)/net/\(table)", encoding: .utf8).split(
                        separator: "\n")
                    let listening = lines.dropFirst().map { $0.split(separator: " ") }
                        .filter { $0.count > 9 && $0[3] == "0A" && own.contains("socket:[\($0[9])]") }
                    #expect(listening.isEmpty)
                }
            }
        }

        @Test func withoutAValidTokenThereIsNothing() throws {
            try withRemoteHost(Self.tasks) { remote in
                let token = try remote.token("ann", "--role", "admin")
                let wrong = String(token.dropLast()) + (token.hasSuffix("a") ? "b" : "a")
                let unknown = "altp_aaaaaaaaaaaa_" + token.suffix(52)
                for target in ["/api/v1/tasks", "/api/v1/tokens", "/api/v1/nothing", "/", "/api/v1/self"] {
                    for method in ["GET", "POST", "DELETE", "OPTIONS", "BREW"] {
                        let answer = try remote.send(method, target)
                        #expect(answer.status == 401, "\(method) \(target)")
                        #expect(answer.head.contains("\r\nwww-authenticate: bearer realm=\"altp\"\r\n"))
                    }
                }
                let bodies = try [wrong, unknown, "x", "altp_", token + "a"].map { credentials in
                    let answer = try remote.send("GET", "/api/v1/tasks", token: credentials)
                    #expect(answer.status == 401)
                    #expect(answer.head.contains("www-authenticate: bearer realm=\"altp\", error=\"invalid_token\""))
                    #expect(answer.body.contains("urn:altp:problem:unauthorized"))
                    return answer.body
                }
                // None of them tells which part of it is wrong.
                #expect(Set(bodies).count == 1)
                let basic = try remote.send("GET", "/api/v1/tasks", headers: ["Authorization: Basic YTpi"])
                #expect(basic.status == 401)
                #expect(try remote.send("GET", "/healthz").status == 200)
                #expect(try remote.send("GET", "/api/v1/tasks", token: token).status == 200)
            }
        }

        @Test func eachRoleMayWhatIsItsOwn() throws {
            try withRemoteHost(Self.tasks) { remote in
                let secrets = try ["viewer", "operator", "admin"].map { try remote.token("the-\($0)", "--role", $0) }
                func statuses(_ method: String, _ target: String, _ body: String = "") throws -> [Int?] {
                    try secrets.map { try remote.send(method, target, token: $0, body: body).status }
                }
                #expect(try statuses("GET", "/api/v1/tasks/own") == [200, 200, 200])
                #expect(try statuses("POST", "/api/v1/tasks/own/pause") == [403, 200, 200])
                #expect(try statuses("POST", "/api/v1/host/reload") == [403, 200, 200])
                #expect(try statuses("GET", "/api/v1/tokens") == [403, 403, 200])
                #expect(try statuses("GET", "/api/v1/audit") == [403, 403, 200])
                #expect(try statuses("POST", "/api/v1/tokens", #"{"name": "x", "role": "viewer"}"#) == [403, 403, 201])
                #expect(try statuses("GET", "/api/v1/self") == [403, 403, 403])
            }
        }

        /// A page of a list that was made for somebody is kept for who asks next, and for nobody else.
        @Test func whatOneMayReadIsNotReadByAnother() throws {
            try withRemoteHost(Self.tasks) { remote in
                let host = remote.host
                try host.ended(try #require(try host.send("own", "1").event.processings?.first))
                try host.ended(try #require(try host.send("other", "1").event.processings?.first))
                let viewer = try remote.token("all", "--role", "viewer")
                let scoped = try remote.token("one", "--role", "viewer", "--task", "own")
                for list in ["processings", "events"] {
                    let target = "/api/v1/\(list)?limit=7"
                    let first = try remote.send("GET", target, token: viewer)
                    #expect(first.status == 200)
                    #expect(first.body.contains("other"))
                    for _ in 0..<3 {
                        #expect(try remote.send("GET", target, token: viewer).body == first.body)
                        #expect(try remote.send("GET", target).status == 401)
                        #expect(try remote.send("GET", target, token: "altp_wrong").status == 401)
                        let part = try remote.send("GET", target, token: scoped)
                        #expect(part.status == 200)
                        #expect(!part.body.contains("other"))
                    }
                    #expect(try remote.send("DELETE", target, token: viewer).status == 405)
                    #expect(try remote.send("GET", target + "&nothing=1", token: viewer).status == 400)
                    #expect(try remote.send("GET", target, token: viewer, hostHeader: "evil.example").status == 421)
                }
                try host.altp("token", "revoke", "all")
                #expect(try remote.send("GET", "/api/v1/processings?limit=7", token: viewer).status == 401)
            }
        }

        @Test func aScopeHidesAndRefusesOtherTasks() throws {
            try withRemoteHost(Self.tasks) { remote in
                let host = remote.host
                let mine = try #require(try host.send("own", "1").event.processings?.first)
                let others = try host.send("other", "1").event
                let foreign = try #require(others.processings?.first)
                for id in [mine, foreign] { try host.ended(id) }
                let token = try remote.token("ci", "--role", "admin", "--task", "own")
                func get<Answer: Decodable>(_ type: Answer.Type, _ target: String) throws -> Answer {
                    let answer = try remote.send("GET", "/api/v1\(target)", token: token)
                    guard answer.status == 200 else { throw TestFailure("\(target): \(answer)") }
                    return try WireJSON.decode(type, from: Array(answer.body.utf8))
                }
                #expect(try get(PageView<TaskView>.self, "/tasks").items.map(\.name) == ["own"])
                #expect(try get(PageView<ProcessingView>.self, "/processings").items.map(\.id) == [mine])
                #expect(try get(PageView<EventView>.self, "/events").items.map(\.type) == ["own"])
                #expect(try get(PageView<EventView>.self, "/events?type=other").items.isEmpty)
                #expect(try get(StatisticsView.self, "/statistics").tasks.map(\.task) == ["own"])
                func status(_ method: String, _ target: String, _ body: String = "") throws -> Int? {
                    try remote.send(method, "/api/v1\(target)", token: token, body: body).status
                }
                #expect(try status("GET", "/processings/\(mine)") == 200)
                #expect(try status("POST", "/tasks/own/pause") == 200)
                #expect(try status("POST", "/events", #"{"type": "own", "key": "2"}"#) == 201)
                for (method, target) in [
                    ("GET", "/tasks/other"), ("POST", "/tasks/other/pause"), ("GET", "/processings/\(foreign)"),
                    ("POST", "/processings/\(foreign)/rerun"), ("GET", "/processings?task=other"),
                    ("GET", "/processings/\(foreign)/scripts/work/attempts/1/log"), ("GET", "/host"),
                    ("POST", "/host/reload"), ("POST", "/host/stop"), ("POST", "/host/gc"), ("GET", "/tokens"),
                    ("GET", "/audit"), ("DELETE", "/tokens/ci"),
                ] {
                    #expect(try status(method, target) == 403, "\(method) \(target)")
                }
                #expect(try status("GET", "/events/\(others.id)") == 404)
                #expect(try status("POST", "/events", #"{"type": "other", "key": "2"}"#) == 403)
                #expect(try status("POST", "/events", #"{"type": "nobody", "key": "2"}"#) == 403)
                #expect(try host.json(TaskView.self, "task", "show", "other").paused == false)
            }
        }

        @Test func tokensEnd() throws {
            try withRemoteHost(Self.tasks) { remote in
                let host = remote.host
                let short = try remote.token("short", "--expires", "2s")
                let long = try remote.token("long")
                func status(_ token: String) throws -> Int? {
                    try remote.send("GET", "/api/v1/tasks", token: token).status
                }
                #expect(try [short, long].map(status) == [200, 200])
                _ = try eventually("the token expires", seconds: 10) { try status(short) == 401 ? true : nil }
                #expect(try status(long) == 200)
                // The name of what has expired is free again, and the old secret is not valid by it.
                let again = try remote.token("short")
                #expect(try [short, again].map(status) == [401, 200])
                #expect(try host.run("token", "create", "long").status == 1)
                try host.altp("token", "revoke", "long")
                #expect(try status(long) == 401)
                // All of it holds after a restart.
                try host.end(SIGTERM)
                try host.start()
                #expect(try [short, again, long].map(status) == [401, 200, 401])
                let tokens = try host.json([TokenView].self, "token", "list", "--all")
                #expect(
                    Set(tokens.map { "\($0.name) \($0.state)" }) == ["short revoked", "short valid", "long revoked"])
                #expect(tokens.first { $0.state == "valid" }?.lastUsedAt != nil)
                // No secret is anywhere in the state.
                for name in ["altp.db", "altp.db-wal"] {
                    let bytes = try Data(contentsOf: URL(filePath: "\(host.state)/\(name)"))
                    #expect(bytes.firstRange(of: Data(again.suffix(52).utf8)) == nil)
                }
            }
        }

        @Test func whatIsConnectedEndsWithItsToken() throws {
            try withRemoteHost(Self.tasks) { remote in
                let token = try remote.token("ann")
                let descriptor = try remote.connect(seconds: 10)
                defer { close(descriptor) }
                let request = "GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
                var buffer = [UInt8](repeating: 0, count: 65_536)
                _ = Array(request.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
                try remote.host.altp("token", "revoke", "ann")
                // The connection, which would be kept open for its next request, is closed.
                #expect(recv(descriptor, &buffer, buffer.count, 0) == 0)
            }
        }

        @Test func wrongInputIsNamed() throws {
            try withRemoteHost(Self.tasks) { remote in
                let token = try remote.token("root-like", "--role", "admin")
                for (body, field) in [
                    (#"{"role": "viewer"}"#, "name"), (#"{"name": "a b", "role": "viewer"}"#, "name"),
                    (#"{"name": "root", "role": "viewer"}"#, "name"), (#"{"name": "x", "role": "owner"}"#, "role"),
                    (#"{"name": "x", "role": "viewer", "tasks": []}"#, "tasks"),
                    (#"{"name": "x", "role": "viewer", "tasks": ["own", "othr"]}"#, "tasks.1"),
                    (#"{"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"}"#, "expires_at"),
                    (#"{"name": "x", "role": "viewer", "expires_at": "soon"}"#, "expires_at"),
                    (#"{"name": "x", "role": "viewer", "description": "a\nb"}"#, "description"),
                ] {
                    let answer = try remote.send("POST", "/api/v1/tokens", token: token, body: body)
                    #expect(answer.status == 422, "\(body)")
                    #expect(answer.body.contains("\"field\":\"\(field)\""), "\(answer.body)")
                }
                #expect(try remote.send("DELETE", "/api/v1/tokens/nobody", token: token).status == 404)
            }
        }
    }
}
