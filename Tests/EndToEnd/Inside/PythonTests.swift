import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The Python package, from real sandboxes and from outside. Its own tests are in clients/python/tests.
    @Suite struct PythonTests {
        private static let sources = "\(Example.repository)/clients/python/src"

        /// The package as part of a Task's scripts: beside the script that imports it.
        private static func module(_ task: String) throws -> [String: String] {
            var files: [String: String] = [:]
            for path in FileTree.paths(below: "\(sources)/altp") where path.hasSuffix(".py") {
                files["tasks/\(task)/altp/\(path)"] = try String(
                    contentsOfFile: "\(sources)/altp/\(path)", encoding: .utf8)
            }
            return files
        }

        private static func files(_ script: String, policy: String = "small") throws -> [String: String] {
            var files = try module("job")
            files["tasks/listen.yaml"] = """
                on_event: scene
                params: {scene: {type: string, required: true}}
                policy: small
                scripts: [{name: work, run: 'echo "$PARAM_SCENE"'}]
                """
            files["tasks/job.yaml"] = """
                policy: \(policy)
                params: {band: {type: integer, default: 4}}
                scripts: [{name: work, run: work.py, retry: {limit: 1, delay: 10ms}}, {name: rest, run: 'true'}]
                """
            files["policies/wide.yaml"] = """
                limits: {cpu: 0.5, memory: 128M, wall_time: 20s, wall_time_max: 10m, grace: 1s}
                control: host
                """
            files["tasks/job/work.py"] = "#!/usr/bin/python3 -B\nimport altp\n\(script)\n"
            return files
        }

        @Test func aScriptSaysAllThatItMay() throws {
            let script = """
                import datetime
                assert altp.context.param("band") == "4" and altp.context.event is None
                me = altp.self_()
                assert me["reference"] == altp.context.reference, me
                altp.progress(40, "band 4")
                altp.label("quality", "good")
                altp.label("gone", "soon"); altp.unlabel("gone")
                altp.metric("clouds", 12.5, unit="%")
                deadline = altp.reserve("5m", "a large scene")
                assert deadline - datetime.datetime.now(datetime.timezone.utc) > datetime.timedelta(minutes=4)
                if altp.context.attempt == 1:
                    sent = altp.emit("scene", id="now", params={"scene": "now"})
                    again = altp.emit("scene", id="now", params={"scene": "now"})
                    assert again["duplicate"] and again["event"]["id"] == sent["event"]["id"]
                    altp.emit("scene", id="later", params={"scene": "later"}, on_success=True)
                    altp.again(in_="200ms", reason="once more")
                    raise SystemExit(0)
                started = altp.start("listen", scene="by hand")
                done = altp.Client().wait(started["id"])
                assert done["status"] == "success", done
                assert altp.Client().log(done["id"], "work", 1) == b"by hand\\n"
                found = list(altp.Client().processings(label={"quality": "good"}))
                assert [one["id"] for one in found] == [altp.context.processing]
                points = list(altp.Client().metrics("job", name="clouds"))
                assert [point["value"] for point in points] == [12.5, 12.5], points
                try:
                    altp.label("a b", 1)
                    raise SystemExit("taken")
                except altp.Invalid as error:
                    assert error.field == "key" and error.type == "urn:altp:problem:invalid"
                try:
                    altp.reserve("1h")
                    raise SystemExit("taken")
                except altp.Conflict as error:
                    print(error)
                altp.skip_rest("all is said")
                altp.succeed("enough")
                print("went on")
                """
            try withHost(try Self.files(script, policy: "wide")) { host in
                let done = try host.complete("job")
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(done.status == "success", "\(log)")
                let work = try #require(done.scripts?.first)
                #expect(work.attempts.map(\.outcome) == ["success", "success"])
                #expect(work.progressText == "band 4")
                #expect(done.reason == "work left out the Scripts after it: all is said")
                #expect(done.labels == ["quality": "good"])
                #expect(log.contains("wall_time_max of 10m") && !log.contains("went on"), "\(log)")
                let events = try host.json(PageView<EventView>.self, "event", "list").items
                #expect(events.map(\.key).sorted() == ["later", "now"])
                #expect(Set(events.map(\.source)) == ["script:\(done.id)/work#1"])
                for processing in try host.processings("--task", "listen") { try host.ended(processing.id) }
            }
        }

        @Test func aScriptFailsAsItSays() throws {
            let script = """
                if altp.context.attempt == 1: altp.soft_fail("the provider is busy")
                altp.fail("band 4 is corrupt")
                """
            try withHost(try Self.files(script)) { host in
                let done = try host.complete("job")
                let attempts = try #require(done.scripts?.first?.attempts)
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(attempts.map(\.outcome) == ["soft", "hard"], "\(log)")
                #expect(done.reason?.contains("band 4 is corrupt") == true)
            }
        }

        @Test func whatItMayNotIsAnException() throws {
            let script = """
                for call in (lambda: altp.start("listen", scene="x"), lambda: altp.cancel(1)):
                    try:
                        call()
                        raise SystemExit("taken")
                    except altp.Forbidden as error:
                        print(error)
                """
            try withHost(try Self.files(script)) { host in
                let done = try host.complete("job")
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(done.status == "success", "\(log)")
                #expect(log.split(separator: "\n").count == 2 && log.contains("control: self"), "\(log)")
            }
        }

        /// The Launcher is killed and started again while a Script talks to it.
        @Test func aScriptGoesOnWhileTheLauncherRestarts() throws {
            let script = """
                import os, time
                open("/processing/ready", "w")
                while not os.path.exists("/processing/go"): time.sleep(0.05)
                altp.label("after", "the restart")
                """
            try withHost(try Self.files(script)) { host in
                let id = try host.trigger("job")
                let shared = "\(host.state)/processings/\(id)/shared"
                _ = try eventually("it is ready") { access("\(shared)/ready", F_OK) == 0 ? true : nil }
                try host.end(SIGKILL)
                try host.root.write("state/processings/\(id)/shared/go", "")
                sleep(1)
                try host.start()
                let done = try host.ended(id)
                let log = try host.altp("logs", "\(id)/work")
                #expect(done.status == "success", "\(log)")
                #expect(done.labels == ["after": "the restart"])
            }
        }

        @Test func aPersonUsesItFromOutside() throws {
            try withHost(try Self.files("altp.fail('no')")) { host in
                let program = """
                    import altp
                    client = altp.Client()
                    started = client.start("job", band=7)
                    assert client.wait(started["id"], timeout="30s")["status"] == "failed"
                    client.label(started["id"], "checked-by", "ann")
                    (found,) = client.processings(status="failed", label={"checked-by": "ann"}, outcome="hard")
                    assert found["id"] == started["id"] and found["params"] == {"band": "7"}
                    assert "no" in client.why(found["id"])["summary"]
                    client.rerun(found["id"], from_="work")
                    client.wait(found["id"])
                    attempts = client.processing(found["id"])["scripts"][0]["attempts"]
                    assert [attempt["outcome"] for attempt in attempts] == ["hard", "hard"]
                    assert client.statistics()["tasks"][0]["task"] == "job"
                    try:
                        client.processing(999)
                    except altp.NotFound as error:
                        print("fine:", error)
                    """
                let ended = try ChildProcess(
                    [Example.python, "-B", "-c", program],
                    environment: ["PYTHONPATH": Self.sources, "ALTP_SOCKET": host.socket]
                ).wait()
                #expect(ended.status == 0, "\(ended.errors)")
                #expect(ended.output.hasPrefix("fine: "))
            }
        }
    }
}
