import Testing
import Wire

extension EndToEnd {
    /// The same with many Processings.
    @Suite struct ActionTests {
        private static let files = [
            "tasks/fail.yaml": """
            policy: small
            params: {code: {type: integer, default: 1}}
            scripts:
              - {name: work, run: 'exit $PARAM_CODE'}
              - {name: more, run: 'true'}
            """,
            "tasks/other.yaml": "policy: small\nscripts: [{name: only, run: 'exit 1'}]\n",
            "tasks/hold.yaml": "policy: small\nscripts: [{name: work, run: 'exec sleep 60'}]\n",
        ]

        private static func act(_ host: Host, _ body: String) throws -> ActionsView {
            let answer = try host.ask("POST", "/processings/actions", [:], body)
            #expect(answer.status == 200, "\(answer.text)")
            return try answer.json(ActionsView.self)
        }

        @Test func aDryRunSaysWhatTheRunDoes() throws {
            try withHost(Self.files) { host in
                let failed = try (0..<3).map { _ in try host.complete("fail").id }
                let good = try host.complete("fail", "-p", "code=0").id
                let other = try host.complete("other").id
                let running = try host.trigger("hold")
                try host.running(running, "work")
                let query = #""query":{"status":["failed"],"task":["fail"]}"#
                let dry = try Self.act(host, "{\"action\":\"rerun\",\(query),\"dry_run\":true}")
                #expect(dry.total == 3 && dry.done == 3 && dry.refused == 0 && dry.dryRun && !dry.more)
                #expect(dry.items == failed.map { .init(processing: $0, result: "possible") })
                #expect(try host.processings("--status", "failed").count == 4)
                // Of these some can be rerun, and some not.
                let ids = "\"ids\":[\(running),\(failed[0]),\(failed[0]),\(good),999,\(other)]"
                let from = "\"from\":\"more\""
                for isDry in [true, false] {
                    let view = try Self.act(host, "{\"action\":\"rerun\",\(ids),\(from),\"dry_run\":\(isDry)}")
                    #expect(view.items.map(\.processing) == [running, failed[0], good, 999, other])
                    let can = isDry ? "possible" : "done"
                    #expect(view.items.map(\.result) == ["refused", can, can, "refused", "refused"])
                    #expect(
                        view.items.map { $0.problem?.split(separator: ":").last ?? "" }
                            == ["conflict", "", "", "not-found", "invalid"])
                    #expect(view.items[0].detail?.contains("has not ended") == true)
                    #expect(view.items[4].detail?.contains("the chain has no Script more") == true)
                    #expect(view.total == 5 && view.done == 2 && view.refused == 3)
                }
                #expect(try host.ended(failed[0]).status == "success")
                let rest = try Self.act(host, "{\"action\":\"rerun\",\(query)}")
                #expect(rest.items.map(\.processing) == [failed[1], failed[2]])
                for id in failed {
                    #expect(try host.ended(id).scripts?.first?.attempts.count == (id == failed[0] ? 1 : 2))
                }
                #expect(try Self.act(host, #"{"action":"cancel","query":{"task":["hold"]}}"#).done == 1)
                #expect(try host.ended(running).status == "cancelled")
            }
        }

        @Test func everyActionIsThere() throws {
            try withHost(Self.files) { host in
                let ids = try (0..<2).map { _ in try host.complete("fail").id }
                let all = #""query":{"task":["fail"]}"#
                func both(_ action: String, _ more: String = "") throws -> [String] {
                    let dry = try Self.act(host, "{\"action\":\"\(action)\",\(all)\(more),\"dry_run\":true}")
                    let real = try Self.act(host, "{\"action\":\"\(action)\",\(all)\(more)}")
                    #expect(dry.items.map(\.problem) == real.items.map(\.problem), "\(action)")
                    #expect(dry.items.map(\.detail) == real.items.map(\.detail), "\(action)")
                    return real.items.map(\.result)
                }
                #expect(try both("unpin") == ["refused", "refused"])
                #expect(try both("pin", ",\"reason\":\"ours\"") == ["done", "done"])
                #expect(try host.processing(ids[0]).pinnedBy == "cli:root")
                #expect(try both("release") == ["refused", "refused"])
                #expect(try both("unpin") == ["done", "done"])
                #expect(try both("cancel") == ["refused", "refused"])
                #expect(try both("skip", ",\"script\":\"more\"") == ["refused", "refused"])
                #expect(try both("skip", ",\"script\":\"work\"") == ["done", "done"])
                for id in ids { #expect(try host.ended(id).status == "success") }
                #expect(try both("release") == ["done", "done"])
                _ = try eventually("they are gone") {
                    try ids.allSatisfy { try host.processing($0).directory == nil } ? true : nil
                }
            }
        }

        @Test(arguments: [
            ("{}", 422, "action is missing"), (#"{"action":"run","ids":[1]}"#, 422, "must be rerun, cancel"),
            (#"{"action":"cancel"}"#, 422, "ids or query is needed"),
            (#"{"action":"cancel","ids":[1],"query":{"task":["a"]}}"#, 422, "exclude each other"),
            (#"{"action":"cancel","ids":[]}"#, 422, "must have 1 to 10000"),
            (#"{"action":"cancel","ids":[0]}"#, 422, "must be numbers of Processings"),
            (#"{"action":"cancel","query":{}}"#, 422, "must have at least one filter"),
            (#"{"action":"cancel","query":{"stauts":["failed"]}}"#, 422, "query.stauts must be left out"),
            (#"{"action":"cancel","query":{"status":["broken"]}}"#, 422, "query.status must be waiting"),
            (#"{"action":"cancel","query":{"since":"now"}}"#, 422, "query.since must be a time"),
            (#"{"action":"cancel","query":{"task":["a"]},"from":"b"}"#, 422, "from is for rerun"),
            (#"{"action":"skip","query":{"task":["a"]}}"#, 422, "script is missing"),
            (#"{"action":"cancel","query":{"task":["a"]},"limit":0}"#, 422, "limit must be from 1"),
            (#"{"action":"cancel","query":{"task":["a"]},"dryrun":true}"#, 422, "did you mean dry_run?"),
        ])
        func aWrongRequestDoesNothing(body: String, status: Int, words: String) throws {
            try withHost(Self.files) { host in
                let answer = try host.ask("POST", "/processings/actions", [:], body)
                #expect(answer.status == status && answer.text.contains(words), "\(answer.text)")
                #expect(answer.problem == "invalid")
                #expect(try answer.json(Problem.self).errors?.isEmpty == false)
            }
        }

        @Test func theCommandTakesFilters() throws {
            try withHost(Self.files) { host in
                let ids = try (0..<2).map { _ in try host.complete("fail").id }
                let dry = try host.altp("rerun", "--status", "failed", "--task", "fail", "--dry-run")
                #expect(dry == "rerun: would be done for 2 Processings.\n")
                #expect(
                    try host.altp("rerun", "--task", "fail", "--at", "work", "--limit", "1")
                        == "rerun: done for 1 Processing.\nThere are more of them: give the command again.\n")
                for id in ids { try host.ended(id) }
                #expect(try host.processing(ids[0]).scripts?.first?.attempts.count == 2)
                let cancel = try host.run("cancel", "--task", "fail")
                #expect(cancel.status == 1)
                #expect(cancel.output.hasPrefix("cancel: done for 0 Processings, not for 2:\n  \(ids[0]): "))
                #expect(try host.altp("cancel", "--task", "none") == "There is no such Processing.\n")
                #expect(try host.run("rerun").errors.contains("REF is missing, or a filter"))
                #expect(try host.run("rerun", "\(ids[0])", "--task", "fail").status == 2)
            }
        }

        @Test func aThousandAreDoneInOneRequest() throws {
            try withHost(Self.files, settings: ["pools: {none: 1}"]) { host in
                try host.altp("task", "pause", "other")
                for _ in 0..<1000 { #expect(try host.ask("POST", "/tasks/other/trigger").status == 201) }
                let clock = ContinuousClock()
                let time = try clock.measure {
                    let view = try Self.act(host, #"{"action":"cancel","query":{"task":["other"]}}"#)
                    #expect(view.done == 1000 && view.refused == 0)
                }
                #expect(time < .seconds(20))
                #expect(try host.processings("--task", "other", "--status", "cancelled").count == 1000)
            }
        }
    }
}
