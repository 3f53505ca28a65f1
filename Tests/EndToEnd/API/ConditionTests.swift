import Glibc
import Testing
import Wire

extension EndToEnd {
    /// ETag, If-None-Match and If-Match.
    @Suite struct ConditionTests {
        private static let files = [
            "tasks/fail.yaml": "policy: small\nscripts: [{name: work, run: 'exit 1'}, {name: more, run: 'true'}]\n",
            "tasks/run.yaml": """
            policy: small
            scripts: [{name: work, run: 'altp progress 10; while ! [ -e /tmp/go ]; do sleep 0.1; done'}]
            """,
        ]

        @Test func aPageThatIsKnownIsNotSentAgain() throws {
            try withHost(Self.files) { host in
                let path = "/processings/\(try host.complete("fail").id)"
                let first = try host.ask("GET", path)
                let tag = try #require(first.tag)
                #expect(first.status == 200 && tag.hasPrefix("\"r"))
                for known in [tag, "\"other\", \(tag)", "W/\(tag)", "*"] {
                    let again = try host.ask("GET", path, ["If-None-Match": known])
                    #expect(again.status == 304 && again.body.isEmpty && again.tag == tag, "\(known)")
                }
                #expect(try host.ask("GET", path, ["If-None-Match": "\"other\""]).status == 200)
                #expect(try host.ask("POST", "\(path)/pin", [:], "{}").status == 200)
                let changed = try host.ask("GET", path, ["If-None-Match": tag])
                #expect(changed.status == 200 && changed.tag != tag)
                let task = try host.ask("GET", "/tasks/fail")
                #expect(
                    try host.ask("GET", "/tasks/fail", ["If-None-Match": try #require(task.tag)]).status == 304)
            }
        }

        @Test func nobodyChangesWhatSomebodyElseHasChanged() throws {
            try withHost(Self.files) { host in
                let id = try host.complete("fail").id
                let path = "/processings/\(id)"
                let seen = try #require(try host.ask("GET", path).tag)
                // Somebody else was quicker.
                #expect(try host.ask("POST", "\(path)/pin", ["If-Match": seen], "{\"reason\":\"mine\"}").status == 200)
                for (action, body) in [
                    ("rerun", "{}"), ("pin", "{}"), ("unpin", "{}"), ("release", "{}"), ("cancel", "{}"),
                    ("skip", "{\"script\":\"work\"}"),
                ] {
                    let late = try host.ask("POST", "\(path)/\(action)", ["If-Match": seen], body)
                    #expect(late.status == 412 && late.problem == "precondition-failed", "\(action): \(late.text)")
                }
                let view = try host.processing(id)
                #expect(view.status == "failed" && view.pinnedBy == "cli:root")
                // Who has seen what it is now may.
                let answer = try host.ask(
                    "POST", "\(path)/unpin", ["If-Match": "\"x\", \(try #require(try host.ask("GET", path).tag))"])
                #expect(answer.status == 200)
                // The answer to an action tells the version that it made.
                #expect(try host.ask("POST", "\(path)/pin", ["If-Match": try #require(answer.tag)]).status == 200)
                #expect(try host.ask("POST", "\(path)/unpin", ["If-Match": "*"]).status == 200)
                #expect(try host.ask("POST", "\(path)/rerun", ["If-Match": "nonsense"]).status == 400)
                let current = try #require(try host.ask("GET", path).tag)
                #expect(try host.ask("POST", "\(path)/rerun", ["If-Match": "W/\(current)"]).status == 412)
                #expect(try host.ask("POST", "\(path)/rerun", ["If-Match": current]).status == 200)
                #expect(try host.ended(id).scripts?.first?.attempts.count == 2)
                #expect(try host.ask("POST", "/processings/77/cancel", ["If-Match": current]).status == 404)
                #expect(
                    try host.ask("POST", "/processings/77/skip", ["If-Match": current], "{\"script\":\"a\"}").status
                        == 404)
            }
        }

        @Test func ofManyWhoSawTheSameOneComesFirst() async throws {
            let host = try Host(Self.files)
            defer { host.close() }
            try host.start()
            let id = try host.complete("fail").id
            for action in ["/processings/\(id)/rerun", "/processings/\(id)/pin", "/tasks/fail/pause"] {
                let target = action.split(separator: "/").dropLast().map { "/\($0)" }.joined()
                let seen = try #require(try host.ask("GET", target).tag)
                let socket = host.socket
                let statuses = try await withThrowingTaskGroup(of: Int?.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            try UnixRequest.send(
                                socket, "POST", WirePath.root + action, headers: ["If-Match": seen], Array("{}".utf8)
                            ).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1 ?? 0) }
                }
                #expect(statuses.filter { $0 == 200 }.count == 1, "\(action): \(statuses)")
                #expect(statuses.filter { $0 == 412 || $0 == 409 }.count == 15, "\(action): \(statuses)")
                if action.hasSuffix("rerun") { try host.ended(id) }
            }
            #expect(try host.processing(id).scripts?.first?.attempts.count == 2)
        }

        @Test func progressGetsInNobodysWay() throws {
            try withHost(Self.files) { host in
                let id = try host.trigger("run")
                let path = "/processings/\(id)"
                let seen = try eventually("it reports progress") {
                    let answer = try host.ask("GET", path)
                    return try answer.json(ProcessingView.self).scripts?.first?.progress == 10 ? answer.tag : nil
                }
                #expect(try host.ask("GET", path, ["If-None-Match": seen]).status == 304)
                try host.altp("enter", "\(id)", "--", "true")
                // What is shown has changed, and what actions change has not.
                let shown = try host.ask("GET", path, ["If-None-Match": seen])
                #expect(shown.status == 200)
                #expect(try host.ask("POST", "\(path)/cancel", ["If-Match": seen]).status == 200)
                #expect(try host.ended(id).status == "cancelled")
            }
        }

        @Test func tasksHaveVersionsToo() throws {
            try withHost(Self.files) { host in
                let seen = try #require(try host.ask("GET", "/tasks/fail").tag)
                #expect(
                    try host.ask("POST", "/tasks/fail/pause", ["If-Match": seen], "{\"reason\":\"a\"}").status == 200)
                let late = try host.ask("POST", "/tasks/fail/resume", ["If-Match": seen])
                #expect(late.status == 412)
                #expect(late.text.contains("Task fail has changed since it was looked at"))
                let now = try #require(try host.ask("GET", "/tasks/fail").tag)
                try host.write("tasks/fail.yaml", "policy: small\nscripts: [{name: work, run: 'exit 2'}]\n")
                try host.altp("task", "reload")
                #expect(try host.ask("POST", "/tasks/fail/resume", ["If-Match": now]).status == 412)
                let newest = try #require(try host.ask("GET", "/tasks/fail").tag)
                #expect(try host.ask("POST", "/tasks/fail/resume", ["If-Match": newest]).status == 200)
            }
        }
    }
}
