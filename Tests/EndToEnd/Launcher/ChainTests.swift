import Testing
import Wire

extension EndToEnd {
    @Suite struct ChainTests {
        @Test func aSoftFailureIsRerunAfterItsDelay() throws {
            try withHost([
                "tasks/flaky.yaml": """
                policy: small
                scripts:
                  - name: fetch
                    run: 'test -e /processing/seen || { touch /processing/seen; echo busy; exit 75; }'
                    retry: {limit: 3, delay: 400ms, on: [soft]}
                  - {name: use, run: 'echo used'}
                """
            ]) { host in
                let done = try host.complete("flaky")
                #expect(done.status == "success")
                let attempts = try #require(done.scripts?.first).attempts
                #expect(attempts.map(\.outcome) == ["soft", "success"])
                #expect(attempts.first?.evidence?.exitStatus == 75)
                let pause =
                    try #require(attempts.last).startedAt.milliseconds
                    - (try #require(attempts.first?.endedAt)).milliseconds
                #expect(pause >= 400)
                #expect(try host.altp("logs", "\(done.id)/fetch#1") == "busy\n")
                #expect(try host.altp("logs", "\(done.id)/use") == "used\n")
            }
        }

        @Test func retriesEndAtTheirLimitAndWhyNamesTheNextOne() throws {
            try withHost([
                "tasks/once.yaml": """
                policy: small
                scripts: [{name: fetch, run: exit 75, retry: {limit: 1, delay: 100ms}}]
                """,
                "tasks/later.yaml": """
                policy: small
                scripts: [{name: fetch, run: exit 75, retry: {limit: 1, delay: 1h, max_delay: 1h}}]
                """,
            ]) { host in
                let done = try host.complete("once")
                #expect(done.status == "failed")
                #expect(done.outcome == "soft")
                #expect(done.scripts?.first?.attempts.count == 2)

                let waiting = try host.trigger("later")
                let fact = try eventually("the retry is known") {
                    try host.why(waiting).facts.first { $0.kind == "retry" }
                }
                let due = try #require(fact.values["due_at"].flatMap { Int64($0) })
                let ended = try #require(try host.processing(waiting).scripts?.first?.attempts.first?.endedAt)
                #expect(due - ended.milliseconds >= 3_600_000 / 2)
                try host.altp("cancel", "\(waiting)")
                #expect(try host.ended(waiting).status == "cancelled")
            }
        }

        @Test func aHardFailureEndsTheChainAndKeepsWhereItStood() throws {
            try withHost([
                "tasks/broken.yaml": """
                policy: small
                scripts:
                  - {name: load, run: 'echo data > /processing/band; echo own > note'}
                  - {name: calibrate, run: 'echo half > half; echo "band 4 is corrupt" >&2; exit 3'}
                  - {name: deliver, run: 'echo never'}
                """
            ]) { host in
                let done = try host.complete("broken")
                #expect(done.status == "failed")
                #expect(done.outcome == "hard")
                #expect(done.script == "calibrate")
                #expect(done.scripts?.map(\.state) == ["ended", "ended", "pending"])
                let directory = "\(host.state)/processings/\(done.id)"
                #expect(FileTree.text(of: "band", below: "\(directory)/shared") == "data\n")
                #expect(FileTree.text(of: "half", below: "\(directory)/calibrate.1") == "half\n")
                let why = try host.why(done.id)
                let outcome = try #require(why.facts.first { $0.kind == "outcome" })
                #expect(outcome.values["outcome"] == "hard")
                #expect(outcome.values["exit_status"] == "3")
                #expect(try host.altp("why", "\(done.id)").contains("altp logs \(done.id)/calibrate#1"))
                #expect(try host.altp("logs", "\(done.id)") == "band 4 is corrupt\n")
                #expect(try host.run("logs", "\(done.id)/deliver").errors.contains("has not run yet"))
            }
        }

        @Test func anEventStartsOneProcessingHoweverOftenItIsSent() throws {
            try withHost([
                "tasks/scene.yaml": """
                on_event: scene
                params: {scene: {type: string, required: true}}
                policy: small
                scripts: [{name: work, run: 'echo "$PARAM_SCENE"'}]
                """
            ]) { host in
                let first = try host.send("scene", "A", "--param", "scene=A")
                #expect(!first.duplicate)
                let id = try #require(first.event.processings?.first)
                try host.ended(id)
                let second = try host.send("scene", "A", "--param", "scene=A")
                #expect(second.duplicate)
                #expect(second.event.processings == [id])
                let forced = try host.send("scene", "A", "--param", "scene=A", "--force")
                #expect(!forced.duplicate)
                #expect(forced.event.processings?.first != id)
                let missing = try host.run("event", "send", "scene", "--id", "B")
                #expect(missing.status == 1)
                #expect(missing.errors.contains("scene"))
                #expect(try host.send("other", "A").event.processings == [])
                for processing in try host.processings() { try host.ended(processing.id) }
                #expect(try host.processings().count == 2)
            }
        }

        @Test func parametersReachAScriptUnchanged() throws {
            let hostile = "a b'\"$(touch /processing/x);`id`\\*"
            try withHost([
                "tasks/show.yaml": """
                params: {value: {type: string, required: true}, cloud_max: {type: number, default: 40}}
                policy: small
                env: {MODE: fast}
                scripts:
                  - {name: list, run: [printf, "%s|%s", "${value}", "${cloud_max}"]}
                  - {name: line, run: 'printf "%s|%s|%s" "$PARAM_VALUE" "$PARAM_CLOUD_MAX" "$MODE"'}
                  - {name: script, run: show.sh, workdir: processing}
                """,
                "tasks/show/show.sh": """
                #!/bin/sh
                echo "$ALTP_PROCESSING $ALTP_TASK $ALTP_SCRIPT $ALTP_ATTEMPT $(pwd) $HOME $(ls /processing)"
                """,
            ]) { host in
                let done = try host.complete("show", "--param", "value=\(hostile)")
                #expect(done.status == "success", "\(done.reason ?? "")")
                #expect(try host.altp("logs", "\(done.id)/list") == "\(hostile)|40")
                #expect(try host.altp("logs", "\(done.id)/line") == "\(hostile)|40|fast")
                #expect(
                    try host.altp("logs", "\(done.id)/script") == "\(done.id) show script 1 /processing /scratch \n")
            }
        }

        @Test func rerunUsesWhatWasThereAndOnRequestWhatIsThereNow() throws {
            let task = """
                policy: small
                scripts:
                  - {name: load, run: 'echo x >> /processing/loads'}
                  - {name: work, run: work.sh}
                """
            try withHost([
                "tasks/job.yaml": task,
                "tasks/job/work.sh": "#!/bin/sh\necho old $(wc -l < /processing/loads)\nexit 1\n",
            ]) { host in
                let id = try host.complete("job").id
                #expect(try host.altp("logs", "\(id)/work") == "old 1\n")
                try host.write("tasks/job/work.sh", "#!/bin/sh\necho new $(wc -l < /processing/loads)\n")
                // From its second Script on, with the scripts of its creation: load does not run again.
                #expect(try host.run("rerun", "\(id)", "--from", "work", "--wait").status == 1)
                #expect(try host.altp("logs", "\(id)/work") == "old 1\n")
                try host.altp("rerun", "\(id)", "--from", "work", "--current", "--wait")
                #expect(try host.altp("logs", "\(id)/work") == "new 1\n")
                // The attempts before are still there.
                #expect(try host.altp("logs", "\(id)/work#1") == "old 1\n")
                #expect(try host.processing(id).scripts?.map(\.attempts.count) == [1, 3])
                let unknown = try host.run("rerun", "\(id)", "--from", "wrok")
                #expect(unknown.status == 1)
                #expect(unknown.errors.contains("wrok"))
            }
        }

        @Test func aCancelledProcessingEndsAndItsRestDoesNotStart() throws {
            try withHost([
                "tasks/slow.yaml": """
                policy: small
                scripts: [{name: work, run: exec sleep 600}, {name: after, run: echo never}]
                """
            ]) { host in
                let id = try host.trigger("slow")
                try host.running(id, "work")
                try host.altp("cancel", "\(id)")
                let done = try host.ended(id)
                #expect(done.status == "cancelled")
                #expect(done.scripts?.first?.outcome == "cancelled")
                #expect(done.scripts?.last?.state == "pending")
                let again = try host.run("cancel", "\(id)")
                #expect(again.status == 1)
                #expect(again.errors.contains("ended as cancelled"))
            }
        }
    }
}
