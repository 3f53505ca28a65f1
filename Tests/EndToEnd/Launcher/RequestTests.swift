import Testing
import Wire

extension EndToEnd {
    /// Wrong requests get a problem document, and the Launcher goes on.
    @Suite struct RequestTests {
        private static let task = ["tasks/job.yaml": "policy: small\nscripts: [{name: work, run: echo done}]\n"]

        struct Wrong {
            var method = "POST"
            var target: String
            var type: String? = "application/json"
            var body = ""
            var status: Int
            var problem: String
            /// What its detail or its errors must name.
            var names: String
        }

        private static let wrong: [Wrong] = [
            Wrong(target: "/api/v1/events", body: "{", status: 400, problem: "malformed", names: "JSON"),
            Wrong(target: "/api/v1/events", body: "\u{0}\u{1}", status: 400, problem: "malformed", names: "JSON"),
            Wrong(
                target: "/api/v1/events", body: String(repeating: "[", count: 20_000), status: 400,
                problem: "malformed", names: "JSON"),
            Wrong(target: "/api/v1/events", body: "[]", status: 422, problem: "invalid", names: "object"),
            Wrong(target: "/api/v1/events", body: "null", status: 422, problem: "invalid", names: "object"),
            Wrong(target: "/api/v1/events", body: "{}", status: 422, problem: "invalid", names: "type"),
            Wrong(
                target: "/api/v1/events", body: #"{"type": "a", "key": "b", "parms": {}}"#, status: 422,
                problem: "invalid", names: "did you mean params"),
            Wrong(
                target: "/api/v1/events", body: #"{"type": 3, "key": "b"}"#, status: 422, problem: "invalid",
                names: "type must be a string"),
            Wrong(
                target: "/api/v1/events", body: #"{"type": "a", "key": "b", "params": {"x": {}}}"#, status: 422,
                problem: "invalid", names: "params.x"),
            Wrong(
                target: "/api/v1/events", body: #"{"type": "a", "key": "b", "force": "yes"}"#, status: 422,
                problem: "invalid", names: "force must be true or false"),
            Wrong(
                target: "/api/v1/events", type: "text/plain", body: "{}", status: 415,
                problem: "unsupported-media-type", names: "application/json"),
            Wrong(
                target: "/api/v1/tasks/job/trigger", body: #"{"params": {"nope": 1}}"#, status: 422,
                problem: "invalid", names: "nope"),
            Wrong(target: "/api/v1/tasks/jbo/trigger", status: 404, problem: "not-found", names: "jbo"),
            Wrong(method: "GET", target: "/api/v1/processings/99", status: 404, problem: "not-found", names: "99"),
            Wrong(method: "GET", target: "/api/v1/processings/x", status: 404, problem: "not-found", names: "x"),
            Wrong(method: "GET", target: "/api/v1/nowhere", status: 404, problem: "not-found", names: "path"),
            Wrong(method: "DELETE", target: "/api/v1/tasks", status: 405, problem: "method-not-allowed", names: "GET"),
            Wrong(
                method: "GET", target: "/api/v1/processings?stauts=failed", status: 400, problem: "malformed",
                names: "did you mean status"),
            Wrong(
                method: "GET", target: "/api/v1/processings?limit=-1", status: 400, problem: "malformed",
                names: "limit"),
            Wrong(
                target: "/api/v1/self/end", body: #"{"outcome": "soft"}"#, status: 403, problem: "forbidden",
                names: "Script"),
        ]

        @Test func everyWrongRequestGetsAProblemDocument() throws {
            try withHost(Self.task) { host in
                let pid = host.pid
                for wrong in Self.wrong {
                    let answer = try UnixRequest.send(
                        host.socket, wrong.method, wrong.target, type: wrong.type, Array(wrong.body.utf8))
                    let what: Comment =
                        "\(wrong.method) \(wrong.target) \(wrong.body.prefix(80)): \(answer.head) \(answer.body)"
                    #expect(answer.status == wrong.status, what)
                    #expect(answer.head.contains("content-type: application/problem+json"), what)
                    let problem = try WireJSON.decode(Problem.self, from: Array(answer.body.utf8))
                    #expect(problem.type == "urn:altp:problem:\(wrong.problem)", what)
                    #expect(problem.status == wrong.status, what)
                    let told = problem.detail + (problem.errors ?? []).map { "\($0.field) \($0.detail)" }.joined()
                    #expect(told.contains(wrong.names), what)
                }
                #expect(try host.processings().isEmpty)
                #expect(try host.complete("job").status == "success")
                #expect(host.pid == pid)
            }
        }

        @Test func hugeAndBrokenRequestsDoNotHarm() throws {
            try withHost(Self.task) { host in
                let huge = try UnixRequest.send(
                    host.socket, "POST", "/api/v1/events", [UInt8](repeating: UInt8(ascii: " "), count: 64 << 20))
                #expect(huge.status == 413, "\(huge.head)")
                let lying = "POST /api/v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"
                let requests = [
                    "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", lying, "GET / HTTP/9.9\r\n\r\n",
                    "GET /api/v1/host HTTP/1.1\r\nX: \(String(repeating: "a", count: 1 << 20))\r\n\r\n",
                    "GET /\(String(repeating: "a/", count: 100_000)) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                    "GET /api/v1/tasks/%00%ff%2e%2e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                ]
                for request in requests {
                    let answer = try UnixRequest.exchange(host.socket, Array(request.utf8), seconds: 1)
                    #expect(
                        answer.status.map { (400..<600).contains($0) } ?? true, "\(request.prefix(60)): \(answer.head)")
                    #expect(answer.status != 500)
                }
                #expect(try UnixRequest.send(host.socket, "GET", "/healthz").status == 200)
                #expect(try host.complete("job").status == "success")
            }
        }
    }
}
