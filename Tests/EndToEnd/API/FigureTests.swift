import FoundationEssentials
import Glibc
import Testing
import Wire

/// Statistics, causes of failures and metrics of a live Launcher.
extension EndToEnd {
    @Suite struct FigureTests {
        /// A Script that fails in one of two ways, each time with other names and numbers, or succeeds.
        private static let files = [
            "tasks/scene.yaml": """
            policy: small
            params:
              how: {type: string, required: true}
            keep: {failed: 1h}
            scripts:
              - {name: prepare, run: "true"}
              - {name: calibrate, run: 'calibrate.sh "$PARAM_HOW" "$ALTP_PROCESSING"'}
            """,
            "tasks/scene/calibrate.sh": """
            #!/bin/sh
            how=$1 id=$2
            [ -e /processing/mended ] && exit 0
            case $how in
            table) printf '\\033[31mband %d\\033[0m\\nERROR 1: /processing/LC8%s_B%s.TIF:Using code not yet in table\\n' "$id" "$$" "$id" >&2; exit 1 ;;
            key) printf 'Traceback (most recent call last):\\n  File "/scripts/x.py", line %d, in main\\n    rows[k]\\nKeyError: '"'scene_%s'"'\\n' "$id" "$$"; exit 1 ;;
            soft) echo "try later, code $$"; exit 75 ;;
            esac
            """,
            "tasks/stubborn.yaml": """
            policy: slow
            scripts: [{name: only, run: "trap '' TERM; echo deaf; while :; do sleep 0.1; done"}]
            """,
            "policies/slow.yaml": "limits: {cpu: 0.5, memory: 128M, wall_time: 2m, grace: 3s}\n",
            "tasks/wait.yaml": "policy: small\nscripts: [{name: only, run: \"true\"}]\n",
        ]

        private func get(_ host: Host, _ path: String) throws -> UnixRequest.Answer {
            try UnixRequest.send(host.socket, "GET", path)
        }

        @Test func failuresAreOfTwoCausesAndRunAgainByCause() throws {
            try withHost(Self.files) { host in
                var ids: [String: [Int64]] = [:]
                for how in ["table", "key", "table", "none", "table", "key"] {
                    ids[how, default: []].append(try host.trigger("scene", "-p", "how=\(how)"))
                }
                for id in ids.values.joined() { try host.ended(id) }

                // "5 failures, 2 causes" is one query.
                let causes = try host.json(CausesView.self, "causes")
                #expect(causes.failures == 5)
                #expect(causes.causes == 2)
                #expect(causes.items.map(\.processings) == [3, 2])
                #expect(
                    causes.items.map(\.pattern) == [
                        "exit status 1: ERROR 1: /processing/<p>.TIF:Using code not yet in table",
                        "exit status 1: File \"/scripts/x.py\", in main | KeyError: '<q>'",
                    ])
                #expect(
                    causes.items.allSatisfy { $0.task == "scene" && $0.script == "calibrate" && $0.outcome == "hard" })
                let table = causes.items[0]
                #expect(table.sample.hasPrefix("band "))
                #expect(try host.altp("causes").contains("5 failures, 2 causes."))
                #expect(try host.json(CausesView.self, "causes", "--outcome", "oom").causes == 0)

                // Processings and attempts carry it.
                #expect(try host.processings("--cause", table.fingerprint).map(\.id) == ids["table"])
                let failed = try host.processing(ids["key"]![0])
                #expect(failed.cause == causes.items[1].fingerprint)
                #expect(failed.scripts?.last?.attempts.map(\.cause) == [failed.cause])
                let detail = try host.json(CauseDetailView.self, "causes", table.fingerprint)
                #expect(detail.failed.map(\.id) == ids["table"]!.reversed())

                // A dry run changes nothing; the rerun takes those of this cause alone.
                let dry = try host.altp("rerun", "--cause", table.fingerprint, "--dry-run")
                #expect(dry.contains("would be done for 3 Processings"))
                #expect(try host.processings("--status", "failed").count == 5)
                for id in ids["table"]!.dropLast() {
                    let shared = "\(try host.processing(id).directory ?? "")/shared/mended"
                    #expect(creat(shared, 0o644) >= 0)
                }
                let rerun = try host.altp(
                    "rerun", "--cause", table.fingerprint, "--from", "calibrate", "--limit", "10")
                #expect(rerun.contains("done for 3 Processings"))
                for id in ids["table"]! { try host.ended(id) }
                #expect(
                    try host.processings("--task", "scene", "--status", "success").map(\.id)
                        == (ids["none"]! + ids["table"]!.dropLast()).sorted())
                #expect(try host.processing(ids["table"]![0]).cause == nil)
                #expect(try host.processings("--cause", table.fingerprint).map(\.id) == [ids["table"]![2]])
                #expect(try host.json(CausesView.self, "causes").failures == 6)
                #expect(try host.altp("rerun", "--cause", "nothing").contains("There is no such Processing."))
                #expect(try host.run("rerun").status == 2)
            }
        }

        @Test func statisticsSayWhatEnded() throws {
            try withHost(Self.files) { host in
                for how in ["none", "table", "none", "none"] { _ = try host.complete("scene", "-p", "how=\(how)") }
                let all = try host.json(StatisticsView.self, "stats")
                #expect(all.counted == "processings")
                #expect(all.tasks.first { $0.task == "scene" }?.ended == ["success": 3, "hard": 1])
                let scene = try #require(all.groups.first)
                #expect(all.groups.count == 1)
                #expect(scene.count == 4)
                #expect(scene.successRate == 0.75)
                #expect(scene.duration?.count == 4)
                #expect(scene.queueWait?.count == 4)

                let scripts = try host.json(StatisticsView.self, "stats", "--by", "task,script", "--since", "1d")
                #expect(scripts.counted == "attempts")
                #expect(
                    scripts.groups.map { "\($0.task ?? "")/\($0.script ?? "")" } == [
                        "scene/calibrate", "scene/prepare",
                    ])
                for group in scripts.groups {
                    #expect(group.count == 4)
                    let memory = try #require(group.memoryPeak)
                    #expect((1...(128 << 20)).contains(memory.p50) && memory.p50 <= memory.max)
                    let duration = try #require(group.duration)
                    #expect(
                        duration.p50 <= duration.p90 && duration.p90 <= duration.p99 && duration.p99 <= duration.max)
                    #expect(group.queueWait?.count == 4)
                }
                let outcomes = try host.json(
                    StatisticsView.self, "stats", "--script", "calibrate", "--by", "outcome,day")
                #expect(outcomes.groups.map { "\($0.outcome ?? "") \($0.count)" }.sorted() == ["hard 1", "success 3"])
                let text = try host.altp("stats", "--by", "script")
                #expect(text.contains("MEM P99") && text.contains("calibrate"))
                #expect(try host.run("stats", "--by", "week").status == 2)

                // What is counted outlives the Launcher.
                try host.end(SIGKILL)
                try host.start()
                #expect(try host.json(StatisticsView.self, "stats").groups.first?.duration == scene.duration)
            }
        }

        @Test func metricsTellWhatTheHostDoes() throws {
            let settings = ["pools: {download: 2}"]
            try withHost(Self.files, settings: settings) { host in
                for how in ["none", "table"] { _ = try host.complete("scene", "-p", "how=\(how)") }
                try host.altp("task", "pause", "wait")
                for _ in 0..<3 { _ = try host.trigger("wait") }
                let answer = try get(host, "/metrics")
                #expect(answer.status == 200)
                #expect(answer.head.contains("content-type: text/plain; version=0.0.4"))
                let page = try MetricsText(answer.body)
                let expected: [(String, Double)] = [
                    (#"altp_processings{task="wait",status="waiting"}"#, 3),
                    (#"altp_attempts_queued{reason="task_paused",pool=""}"#, 3),
                    (#"altp_task_paused{task="wait"}"#, 1),
                    (#"altp_processings_ended_total{task="scene",outcome="success"}"#, 1),
                    (#"altp_attempts_ended_total{task="scene",script="calibrate",outcome="hard"}"#, 1),
                    (#"altp_attempts_ended_total{task="scene",script="calibrate",outcome="lost"}"#, 0),
                    (#"altp_attempt_duration_seconds_count{task="scene",script="prepare"}"#, 2),
                    (#"altp_attempt_duration_seconds_bucket{task="scene",script="prepare",le="+Inf"}"#, 2),
                    (#"altp_pool_size{pool="download"}"#, 2), (#"altp_pool_used{pool="download"}"#, 0),
                    ("altp_failure_causes_total", 1), ("altp_disk_short", 0), ("altp_cpu_capacity_cores", 64),
                    (#"altp_http_requests_total{route="/api/v1/tasks/{name}/pause",method="POST",status="200"}"#, 1),
                ]
                for (series, value) in expected { #expect(page.values[series] == value, "\(series)") }
                #expect((page.values["altp_store_commit_duration_seconds_count"] ?? 0) > 5)
                #expect((page.values["altp_disk_total_bytes"] ?? 0) > 0)
                #expect((page.values["process_open_fds"] ?? 0) > 5)

                // What is counted of ends outlives the Launcher; what it does itself begins anew.
                try host.end(SIGTERM)
                try host.start()
                let after = try MetricsText(try get(host, "/metrics").body)
                #expect(after.values[#"altp_processings_ended_total{task="scene",outcome="success"}"#] == 1)
                #expect(after.values[#"altp_attempts_queued{reason="task_paused",pool=""}"#] == 3)
                #expect(
                    after.values[
                        #"altp_http_requests_total{route="/api/v1/tasks/{name}/pause",method="POST",status="200"}"#]
                        == nil)
            }
        }

        /// Whatever the rules and the dashboard ask for is there, so that none of them waits for something that never comes.
        @Test func rulesAndDashboardAskForWhatThereIs() throws {
            try withHost(Self.files, settings: ["pools: {download: 2}"]) { host in
                for how in ["none", "table"] { _ = try host.complete("scene", "-p", "how=\(how)") }
                try host.altp("task", "pause", "wait")
                _ = try host.trigger("wait")
                let page = try MetricsText(try get(host, "/metrics").body)
                for file in ["prometheus/altp.rules.yml", "grafana/altp.json"] {
                    let path = "\(Example.repository)/packaging/\(file)"
                    let text = try String(contentsOfFile: path, encoding: .utf8)
                    let names = Set(text.matches(of: /\b(?:altp|process)_[a-z0-9_]+/).map { String($0.output) })
                    #expect(names.count > 10)
                    for name in names.sorted() { #expect(page.names.contains(name), "\(file) asks for \(name)") }
                }
            }
        }

        @Test func readinessSaysWhatIsMissing() throws {
            try withHost(Self.files) { host in
                #expect(try get(host, "/healthz").body == "ok\n")
                let ready = try get(host, "/readyz")
                #expect(ready.status == 200)
                #expect(ready.body == #"{"ready":true}"#)
                // A Launcher that waits for Scripts to end is alive, and not ready.
                let id = try host.trigger("stubborn")
                _ = try eventually("it hears no signal") { try host.altp("logs", "\(id)") == "deaf\n" ? true : nil }
                try host.altp("stop", "--stop-scripts")
                let stopping = try eventually("it says that it stops", seconds: 10) {
                    let answer = try get(host, "/readyz")
                    return answer.status == 503 ? answer : nil
                }
                let problem = try WireJSON.decode(Problem.self, from: Array(stopping.body.utf8))
                #expect(problem.type == "urn:altp:problem:unavailable")
                #expect(problem.errors?.map(\.field) == ["stopping"])
                #expect(try get(host, "/healthz").status == 200)
                _ = try host.waitForEnd()
            }
        }
    }
}

/// A page in Prometheus' text format, read strictly.
struct MetricsText {
    /// By name with labels, as they were written.
    private(set) var values: [String: Double] = [:]
    /// Of families, and of what a histogram's samples are called.
    private(set) var names: Set<String> = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw TestFailure("the page does not end with a newline") }
        var kinds: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") { continue }
            if line.hasPrefix("# TYPE ") {
                guard words.count == 4, ["counter", "gauge", "histogram"].contains(words[3]), kinds[words[2]] == nil
                else { throw TestFailure("a wrong or second type: \(line)") }
                guard (words[3] == "counter") == words[2].hasSuffix("_total") else {
                    throw TestFailure("a counter's name ends in _total, and no other: \(line)")
                }
                kinds[words[2]] = words[3]
                continue
            }
            guard let match = line.wholeMatch(of: /([a-z_:][a-z0-9_:]*)(\{.*\})? ([-+0-9.eInfNa]+)/),
                let value = Double(match.3)
            else { throw TestFailure("no sample: \(line)") }
            let name = String(match.1)
            let family = kinds[name] != nil ? name : name.replacing(/_(bucket|sum|count)$/, with: "")
            guard let kind = kinds[family], name == family || kind == "histogram" else {
                throw TestFailure("a sample without its type: \(line)")
            }
            let series = name + (match.2.map { String($0) } ?? "")
            guard values.updateValue(value, forKey: series) == nil else {
                throw TestFailure("the same twice: \(line)")
            }
            names.formUnion([name, family])
        }
    }
}
