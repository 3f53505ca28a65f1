import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// What a running Script asks for beside its end: time, another run, no rest of the chain.
    @Suite struct WishTests {
        private static let extensible =
            "limits: {cpu: 0.5, memory: 128M, wall_time: 4s, wall_time_max: 1m, grace: 200ms}\n"

        private func history(_ processing: ProcessingView) -> [String] { (processing.history ?? []).map(\.text) }

        private func attempts(_ processing: ProcessingView, _ script: String) -> [AttemptView] {
            processing.scripts?.first { $0.name == script }?.attempts ?? []
        }

        // MARK: Again

        @Test func aScriptIsRunAgainWithoutCountingAsARetry() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                scripts:
                  - name: look
                    retry: {limit: 0}
                    run: |
                      if [ $ALTP_ATTEMPT -le 3 ]; then
                        altp again 300ms --reason "not published yet"
                        test $ALTP_ATTEMPT = 2 && exit 75
                        exit 0
                      fi
                      echo there > /processing/found
                  - {name: use, run: 'cat /processing/found'}
                """
            ]) { host in
                let done = try host.complete("job")
                #expect(done.status == "success", "\(done.reason ?? "")")
                let attempts = attempts(done, "look")
                #expect(attempts.map(\.outcome) == ["success", "soft", "success", "success"])
                #expect(attempts.map { $0.againAt != nil } == [true, true, true, false])
                for (attempt, next) in zip(attempts, attempts.dropFirst()) {
                    let due = try #require(attempt.againAt).milliseconds
                    #expect(next.startedAt.milliseconds >= due)
                    #expect(next.startedAt.milliseconds < due + 10_000)
                }
                let history = history(done)
                #expect(history.contains("look#1 asks to be run again in 300ms: not published yet"))
                #expect(history.contains { $0.hasPrefix("look#2 ended as soft") && $0.hasSuffix("as it asked") })
                #expect(try host.altp("logs", "\(done.id)/use") == "there\n")
            }
        }

        @Test func theTimeOutlivesAKilledLauncherAndIsSaidByWhy() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                scripts:
                  - {name: look, run: 'test $ALTP_ATTEMPT = 2 || altp again 8s --reason "the tide is out"'}
                """
            ]) { host in
                let id = try host.trigger("job")
                let why = try eventually("it waits to run again") {
                    let why = try host.why(id)
                    return why.summary.contains("as the attempt before it asked") ? why : nil
                }
                let fact = try #require(why.facts.first { $0.kind == "again" })
                #expect(fact.text.contains("the tide is out"))
                let due = try #require(fact.values["due_at"].flatMap { Int64($0) })
                try host.end(SIGKILL)
                try host.start()
                #expect(try host.why(id).facts.contains { $0.kind == "again" && $0.values["due_at"] == "\(due)" })
                let done = try host.ended(id)
                let attempts = attempts(done, "look")
                #expect(attempts.map(\.outcome) == ["success", "success"])
                #expect(attempts[1].startedAt.milliseconds >= due)
            }
        }

        @Test func itsNumberIsBoundedAndOtherEndsCount() throws {
            try withHost([
                "tasks/often.yaml": """
                policy: small
                scripts: [{name: look, retry: {again: 2}, run: 'altp again 10ms || exit 3'}]
                """,
                "tasks/hard.yaml": "policy: small\nscripts: [{name: look, run: 'altp again 10ms; exit 1'}]\n",
                "tasks/long.yaml": "policy: small\nscripts: [{name: look, run: 'altp again 8d'}]\n",
            ]) { host in
                let often = try host.complete("often")
                #expect(often.outcome == "hard")
                #expect(attempts(often, "look").map(\.outcome) == ["success", "success", "hard"])
                let log = try host.altp("logs", "\(often.id)/look#3")
                #expect(log.contains("run again 2 times in this run"), "\(log)")
                let hard = try host.complete("hard")
                #expect(hard.outcome == "hard")
                #expect(attempts(hard, "look").count == 1)
                #expect(history(hard).contains { $0.contains("holds for a success and a soft failure") })
                let long = try host.complete("long")
                #expect(long.outcome == "hard")
                #expect(try host.altp("logs", "\(long.id)/look").contains("within 7d"))
            }
        }

        // MARK: The rest of the chain

        @Test func theRestOfTheChainIsLeftOut() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                scripts:
                  - {name: look, run: 'altp skip-rest --reason "all clouds"'}
                  - {name: never, run: 'true'}
                """,
                "tasks/fails.yaml": """
                policy: small
                scripts:
                  - {name: look, run: 'altp skip-rest; exit 1'}
                  - {name: never, run: 'true'}
                """,
                "tasks/ends.yaml": """
                policy: small
                scripts:
                  - {name: look, run: 'altp skip-rest; altp end success; exit 1'}
                  - {name: never, run: 'true'}
                """,
            ]) { host in
                let done = try host.complete("job")
                #expect(done.status == "success" && done.script == "look")
                #expect(done.reason == "look left out the Scripts after it: all clouds")
                #expect(attempts(done, "look").first?.skipsRest == true)
                #expect(attempts(done, "never").isEmpty)
                #expect(history(done).contains("look#1 asks to leave out the Scripts after it: all clouds"))
                let fails = try host.complete("fails")
                #expect(fails.outcome == "hard" && attempts(fails, "never").isEmpty)
                #expect(history(fails).contains { $0.contains("holds for a success") })
                #expect(try host.complete("ends").status == "success")
            }
        }

        // MARK: Time

        @Test func moreTimeIsReservedUpToTheCeiling() throws {
            try withHost([
                "policies/extensible.yaml": Self.extensible,
                "tasks/longer.yaml": """
                policy: extensible
                scripts: [{name: work, run: 'altp reserve 30s --reason "a large scene" && sleep 6 && echo done'}]
                """,
                "tasks/late.yaml": """
                policy: extensible
                scripts: [{name: work, run: 'altp reserve 5s && sleep 60'}]
                """,
                "tasks/most.yaml": """
                policy: extensible
                scripts: [{name: work, run: 'altp reserve 59s && altp reserve 2m || exit 3'}]
                """,
                "tasks/none.yaml": "policy: small\nscripts: [{name: work, run: 'altp reserve 3m || exit 3'}]\n",
            ]) { host in
                let longer = try host.complete("longer")
                #expect(longer.status == "success", "\(longer.reason ?? "")")
                #expect(history(longer).contains { $0.contains("reserves 30s: its wall_time is") })
                let late = try host.complete("late")
                #expect(late.outcome == "timeout")
                let evidence = try #require(attempts(late, "work").first?.evidence)
                let limit = try #require(evidence.limit)
                #expect(limit.name == "wall_time" && (5000...9000).contains(limit.limit), "\(limit)")
                #expect(evidence.usage.wallMilliseconds >= limit.limit)
                #expect(evidence.reason.contains("which was extended from 4s"))
                let most = try host.complete("most")
                #expect(most.outcome == "hard")
                let log = try host.altp("logs", "\(most.id)/work")
                #expect(log.contains("its policy extensible has a wall_time_max of 1m"), "\(log)")
                let none = try host.complete("none")
                #expect(try host.altp("logs", "\(none.id)/work").contains("names no wall_time_max"))
            }
        }

        /// Pid 1 learns of it while there is no Launcher, and the next one knows it.
        @Test func reservedTimeOutlivesAKilledLauncher() throws {
            try withHost([
                "policies/extensible.yaml": Self.extensible,
                "tasks/job.yaml": """
                policy: extensible
                scripts: [{name: work, run: 'altp reserve 50s; while [ ! -e /processing/go ]; do sleep 0.1; done'}]
                """,
            ]) { host in
                let id = try host.trigger("job")
                let deadline: Timestamp = try eventually("its deadline has moved") {
                    let attempt = attempts(try host.processing(id), "work").first
                    guard let deadline = attempt?.deadline, let started = attempt?.startedAt else { return nil }
                    return deadline.milliseconds - started.milliseconds > 40_000 ? deadline : nil
                }
                try host.end(SIGKILL)
                // Beyond the policy's own limit.
                sleep(5)
                try host.start()
                let view = try host.processing(id)
                #expect(view.status == "running")
                #expect(attempts(view, "work").first?.deadline == deadline)
                #expect(try host.why(id).facts.contains { $0.text.contains("extended from 4s") })
                try host.root.write("state/processings/\(id)/shared/go", "")
                #expect(try host.ended(id).status == "success")
            }
        }

        /// A cancellation outranks what the Script wishes, also after a restart.
        @Test func aCancelledScriptEndsAsCancelled() throws {
            try withHost([
                "policies/patient.yaml": "limits: {cpu: 0.5, memory: 128M, wall_time: 1m, grace: 30s}\n",
                "tasks/job.yaml": """
                policy: patient
                scripts:
                  - name: work
                    run: |
                      trap 'altp again 1s; altp end success; touch /processing/asked' TERM
                      touch /processing/ready
                      while [ ! -e /processing/go ]; do sleep 0.1; done
                  - {name: never, run: 'true'}
                """,
            ]) { host in
                let id = try host.trigger("job")
                let shared = "\(host.state)/processings/\(id)/shared"
                _ = try eventually("it is ready") { access("\(shared)/ready", F_OK) == 0 ? true : nil }
                try host.altp("cancel", "\(id)")
                _ = try eventually("it has asked") { access("\(shared)/asked", F_OK) == 0 ? true : nil }
                try host.end(SIGKILL)
                try host.start()
                try host.root.write("state/processings/\(id)/shared/go", "")
                let done = try host.ended(id)
                #expect(done.status == "cancelled")
                let log = try host.altp("logs", "\(id)/work")
                #expect(log.contains("because its Processing was cancelled"), "\(log)")
            }
        }
    }
}
