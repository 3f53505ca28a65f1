import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Who changed what is written down.
    @Suite struct AuditTests {
        private static let tasks = [
            "tasks/own.yaml":
                "policy: small\non_event: own\nscripts: [{name: work, run: altp event send found --id 1}]\n",
            "tasks/other.yaml": "policy: small\nscripts: [{name: work, run: echo done}]\n",
        ]

        @Test func changesAndRefusalsAreThereAndReadsAreNot() throws {
            try withRemoteHost(Self.tasks) { remote in
                let host = remote.host
                let token = try remote.token(
                    "ci", "--role", "operator", "--task", "own", "--description", "secret plans")
                _ = try remote.send("GET", "/api/v1/tasks", token: token)
                let paused = try remote.send(
                    "POST", "/api/v1/tasks/own/pause", token: token, body: #"{"reason": "full"}"#)
                _ = try remote.send("POST", "/api/v1/tasks/other/pause", token: token)
                _ = try remote.send("POST", "/api/v1/tasks/own/pause", token: token, body: "{")
                _ = try remote.send("POST", "/api/v1/tasks/own/pause", token: "wrong")
                try host.altp("task", "resume", "own")
                let entries = try remote.audit()
                #expect(
                    entries.map { "\($0.who) \($0.kind) \($0.method) \($0.path) \($0.status)" } == [
                        "cli:root person POST /api/v1/tasks/own/resume 200",
                        "token:ci person POST /api/v1/tasks/own/pause 400",
                        "token:ci refused POST /api/v1/tasks/other/pause 403",
                        "token:ci person POST /api/v1/tasks/own/pause 200",
                        "cli:root person POST /api/v1/tokens 201",
                    ])
                #expect(entries[3].body == #"{"reason":"full"}"#)
                #expect(entries[3].origin.hasPrefix("127.0.0.1:"))
                #expect(entries[0].origin.hasPrefix("pid ") && entries[0].origin.hasSuffix(" uid 0"))
                #expect(paused.head.contains("altp-request-id: \(entries[3].request)"))
                #expect(!entries.contains { ($0.body ?? "").contains(token.suffix(52)) })
                // By the filters, and page by page.
                #expect(try remote.audit("--who", "token:ci").count == 3)
                #expect(try remote.audit("--status", "403").map(\.path) == ["/api/v1/tasks/other/pause"])
                #expect(try remote.audit("--path", "/api/v1/tokens", "--method", "post").count == 1)
                #expect(try remote.audit("--since", "1h", "--until", "2020-01-01T00:00:00Z").isEmpty)
                let admin = try remote.token("root2", "--role", "admin")
                let first = try remote.send("GET", "/api/v1/audit?limit=2", token: admin)
                let page = try WireJSON.decode(PageView<AuditView>.self, from: Array(first.body.utf8))
                #expect(page.items.count == 2)
                let cursor = try #require(page.next)
                let second = try remote.send("GET", "/api/v1/audit?limit=2&cursor=\(cursor)", token: admin)
                let next = try WireJSON.decode(PageView<AuditView>.self, from: Array(second.body.utf8))
                #expect(next.items.first?.id == page.items.last.map { $0.id - 1 })
                // The table.
                #expect(try host.altp("audit").contains("/api/v1/tasks/other/pause"))
            }
        }

        @Test func whatScriptsChangeIsThereToo() throws {
            try withRemoteHost(Self.tasks) { remote in
                let id = try #require(try remote.host.send("own", "1").event.processings?.first)
                #expect(try remote.host.ended(id).outcome == "success")
                let entries = try remote.audit("--who", "script:\(id)/work#1")
                #expect(entries.map { "\($0.kind) \($0.path) \($0.status)" } == ["script /api/v1/events 201"])
            }
        }

        /// What was answered is in the log, also when the Launcher is killed right after.
        @Test func anEntryIsDurableWhenItsRequestIsAnswered() throws {
            try withRemoteHost(Self.tasks) { remote in
                for round in 1...3 {
                    _ = try remote.host.send("nobody", "\(round)")
                    try remote.host.end(SIGKILL)
                    try remote.host.start()
                    #expect(try remote.audit("--path", "/api/v1/events").count == round)
                }
            }
        }

        @Test func theLogIsBounded() throws {
            try withRemoteHost(Self.tasks, api: ["audit: {entries: 100}"]) { remote in
                for number in 0..<1100 {
                    let body = "{\"type\": \"x\", \"key\": \"\(number)\"}"
                    let answer = try UnixRequest.send(
                        remote.host.socket, "POST", "/api/v1/events", Array(body.utf8))
                    #expect(answer.status == 201)
                }
                // Trimmed each 500 entries.
                _ = try eventually("the old entries go") { try remote.audit().count < 700 ? true : nil }
                #expect(try remote.audit().first?.body?.contains("1099") ?? false)
            }
        }
    }
}
