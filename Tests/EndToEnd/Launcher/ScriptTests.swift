import Testing
import Wire

extension EndToEnd {
    /// What a running Script may see and steer.
    @Suite struct ScriptTests {
        private static let listener = """
            on_event: found
            params: {name: {type: string, required: true}}
            policy: small
            scripts: [{name: work, run: 'echo "$ALTP_EVENT"'}]
            """

        @Test func eventsOfAScriptThatSucceedsStartProcessings() throws {
            try withHost([
                "tasks/listen.yaml": Self.listener,
                "tasks/emit.yaml": """
                policy: small
                scripts:
                  - name: emit
                    run: |
                      for name in a b a; do
                        echo "{\\"type\\": \\"found\\", \\"id\\": \\"$name\\", \\"params\\": {\\"name\\": \\"$name\\"}}" >> $ALTP_EVENTS
                      done
                """,
                "tasks/fail.yaml": """
                policy: small
                scripts:
                  - name: emit
                    run: |
                      echo '{"type": "found", "id": "never", "params": {"name": "never"}}' >> $ALTP_EVENTS
                      exit 1
                """,
                "tasks/wrong.yaml": """
                policy: small
                scripts: [{name: emit, run: 'echo "{not json" >> $ALTP_EVENTS'}]
                """,
            ]) { host in
                let emit = try host.complete("emit")
                #expect(emit.status == "success")
                #expect(try host.complete("fail").status == "failed")
                let wrong = try host.complete("wrong")
                #expect(wrong.outcome == "hard")
                #expect(wrong.reason?.contains("the Events that it emitted are not valid") == true)
                let events = try host.json(PageView<EventView>.self, "event", "list").items
                #expect(events.map(\.key).sorted() == ["a", "b"])
                #expect(Set(events.map(\.source)) == ["script:\(emit.id)/emit#1"])
                let caused = try host.processings("--task", "listen")
                #expect(caused.count == 2)
                for processing in caused {
                    let done = try host.ended(processing.id)
                    #expect(done.status == "success")
                    let event = try host.altp("logs", "\(done.id)/work")
                    #expect(event.contains("\"type\":\"found\""))
                }
            }
        }

        @Test func aScriptReadsItselfAndReportsProgressAndSendsAnEvent() throws {
            try withHost([
                "tasks/listen.yaml": Self.listener,
                "tasks/job.yaml": """
                policy: small
                params: {band: {type: integer, default: 4}}
                scripts:
                  - name: work
                    run: |
                      altp self -o json
                      altp progress 40 "calibrating band 4"
                      altp event send found --id direct --param name=direct
                      while [ ! -e /processing/go ]; do sleep 0.05; done
                """,
            ]) { host in
                let id = try host.trigger("job")
                let script = try eventually("the progress is seen") {
                    try host.processing(id).scripts?.first { $0.progress == 40 }
                }
                #expect(script.progressText == "calibrating band 4")
                #expect(
                    try host.why(id).facts.contains { $0.kind == "progress" && $0.text.contains("calibrating band 4") })
                let event = try eventually("the Event is there") {
                    try host.json(PageView<EventView>.self, "event", "list").items.first
                }
                #expect(event.source == "script:\(id)/work#1")
                try host.root.write("state/processings/\(id)/shared/go", "")
                try host.ended(id)
                let line = try #require(try host.altp("logs", "\(id)/work").split(separator: "\n").first)
                let view = try WireJSON.decode(SelfView.self, from: Array(line.utf8))
                #expect(view.reference.description == "\(id)/work#1")
                #expect(view.params == ["band": "4"])
                #expect(view.control == "self")
            }
        }

        @Test func aScriptEndsItselfWithAReason() throws {
            try withHost([
                "tasks/soft.yaml": """
                policy: small
                scripts:
                  - name: work
                    run: 'test $ALTP_ATTEMPT = 2 || altp end soft --reason "the provider is busy"; echo again'
                    retry: {limit: 1, delay: 100ms}
                """,
                "tasks/hard.yaml": """
                policy: small
                scripts: [{name: work, run: 'altp end hard --reason "band 4 is corrupt"; echo never'}]
                """,
                "tasks/success.yaml": """
                policy: small
                scripts: [{name: work, run: 'sleep 100 & altp end success; exit 1'}]
                """,
            ]) { host in
                let soft = try host.complete("soft")
                #expect(soft.status == "success")
                let attempts = try #require(soft.scripts?.first).attempts
                #expect(attempts.map(\.outcome) == ["soft", "success"])
                #expect(attempts.first?.evidence?.reason.contains("the provider is busy") == true)
                let hard = try host.complete("hard")
                #expect(hard.outcome == "hard")
                #expect(hard.reason?.contains("band 4 is corrupt") == true)
                #expect(try host.altp("logs", "\(hard.id)") == "")
                #expect(try host.complete("success").status == "success")
            }
        }

        @Test func aScriptPausesItsOwnTask() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                scripts: [{name: work, run: 'altp task pause --reason "archive is full"'}, {name: after, run: 'true'}]
                """
            ]) { host in
                let id = try host.trigger("job")
                let why = try eventually("the next Script waits for the pause") {
                    let why = try host.why(id)
                    return why.facts.contains { $0.kind == "task-paused" } ? why : nil
                }
                #expect(why.summary.contains("by script:\(id)/work#1: archive is full"))
                try host.altp("task", "resume", "job")
                #expect(try host.ended(id).status == "success")
            }
        }

        @Test(arguments: [
            ("none", "altp self"), ("none", "altp progress 10"), ("none", "altp end success"),
            ("none", "altp event send found --id x --param name=x"), ("self", "altp task pause listen"),
            ("self", "altp ps"), ("task", "altp task pause listen"), ("task", "altp event list"),
            ("host", "altp stop"),
        ])
        func controlIsALimit(_ control: String, _ command: String) throws {
            try withHost([
                "tasks/listen.yaml": Self.listener,
                "policies/limited.yaml": "limits: {memory: 128M, wall_time: 1m}\ncontrol: \(control)\n",
                "tasks/job.yaml": "policy: limited\nscripts: [{name: work, run: '\(command) && echo allowed'}]\n",
            ]) { host in
                let done = try host.complete("job")
                #expect(done.outcome == "hard", "\(done.reason ?? "")")
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(!log.contains("allowed"))
                #expect(log.contains("altp"), "it says why: \(log)")
                #expect(try host.json(PageView<TaskView>.self, "task", "list").items.allSatisfy { !$0.paused })
                #expect(try host.json(PageView<EventView>.self, "event", "list").items.isEmpty)
            }
        }

        @Test(arguments: [
            ("task", "altp ps --task job"), ("task", "altp task show job"), ("host", "altp task pause listen"),
            ("host", "altp event list"),
        ])
        func controlIsAPermission(_ control: String, _ command: String) throws {
            try withHost([
                "tasks/listen.yaml": Self.listener,
                "policies/limited.yaml": "limits: {memory: 128M, wall_time: 1m}\ncontrol: \(control)\n",
                "tasks/job.yaml": "policy: limited\nscripts: [{name: work, run: '\(command)'}]\n",
            ]) { host in
                let done = try host.complete("job")
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(done.status == "success", "\(log)")
            }
        }
    }
}
