import Configuration
import Testing
import Wire

@testable import Command

@Suite struct VerbLineTests {
    /// What the verbs refuse beyond their declarations.
    @Test(arguments: [
        ("event send scene", "--id is missing: what makes the Event one of a kind within its type"),
        ("event send scene --id x --param a", "--param: ‘a’ is not NAME=VALUE"),
        ("event send scene --id x --param =a", "--param: ‘=a’ is not NAME=VALUE"),
        ("event send scene --id x --param a=1 --param a=2", "--param: a is given twice"),
        (
            "event send scene --id x --params [1]",
            "--params: ‘[1]’ is not a JSON object of strings, numbers and booleans"
        ),
        (
            "event send scene --id x --params {\"a\":{}}",
            "--params: ‘{\"a\":{}}’ is not a JSON object of strings, numbers and booleans"
        ),
        ("ps --status done", "--status: ‘done’ is not one of waiting, running, success, failed, cancelled"),
        (
            "ps --outcome cputime",
            "--outcome: ‘cputime’ is not one of success, soft, hard, signal, timeout, cpu_time, oom, pids, disk, seccomp, setup, lost, cancelled; did you mean cpu_time?"
        ),
        ("ps --limit 0", "--limit: 0 is less than 1"),
        ("ps --limit 5 --all", "--limit and --all exclude each other"),
        ("ps --watch -o json", "--watch shows a table; -o json prints once"),
        ("ps -o yaml", "--output: ‘yaml’ is not one of table, json"),
        ("logs 42 --tail -1", "--tail: -1 is less than 0"),
        ("rerun", "REF is missing, or a filter such as --status failed --task NAME"),
        ("rerun 42 --cause x", "REF names what is meant: --status and the like, --limit and --dry-run are for many"),
        ("rerun 42 --dry-run", "REF names what is meant: --status and the like, --limit and --dry-run are for many"),
        (
            "stats --by week",
            "--by: ‘week’ is not task, script, day, outcome, or several of them joined by commas"
        ),
        ("rerun 42/load#1", "REF: an attempt is not run again; say 42 or 42/SCRIPT"),
        ("rerun 42/load --from rgb", "REF says from load, --from says from rgb"),
        ("cancel 42/load", "REF: ‘42/load’ is not a Processing's number, such as 42"),
        ("progress 101", "PERCENT: 101.0 is not between 0 and 100"),
        ("progress nan", "PERCENT: ‘nan’ is not a number"),
        ("end soft", "--reason is missing: people will want to know why"),
        ("end gently", "OUTCOME: ‘gently’ is not one of success, soft, hard"),
        ("again soon", "TIME: ‘soon’ is not a duration such as 30s, 5m, 2h or 7d"),
        ("reserve", "TIME is missing: From now on, such as 20m."),
        ("metric clouds", "NUMBER is missing: The figure."),
        ("metric clouds many", "NUMBER: ‘many’ is not a number"),
        ("label quality", "VALUE is missing; --remove takes the label away"),
        ("label quality good --remove", "--remove and VALUE exclude each other"),
        ("label quality good --of 42/load", "--of: ‘42/load’ is not a Processing's number, such as 42"),
        ("ps --label quality", "--label: ‘quality’ is not KEY:VALUE"),
        ("task show", "NAME is missing: The Task."),
        ("watch --timeout 5", "--timeout: ‘5’ is not a duration such as 30s, 5m, 2h or 7d"),
    ])
    func refuses(_ line: String, _ message: String) {
        let words = line.split(separator: " ").map(String.init)
        let misuse = #expect(throws: Application.Misuse.self) {
            try Application(verbs: Verbs.all).request(words)
        }
        #expect(misuse?.message == message)
    }

    @Test func takesANegativeFigure() throws {
        guard
            case .run(let verb) = try Application(verbs: Verbs.all).request(["metric", "offset", "-2.5", "--unit", "m"]),
            let metric = verb as? Metric
        else {
            Issue.record("not run")
            return
        }
        #expect(metric.value == -2.5 && metric.unit == "m")
    }

    /// Outside of a sandbox, what is for Scripts says so before it asks anybody.
    @Test(arguments: [
        ("progress 10", "progress is reported from inside a Script."),
        ("again 10m", "again is asked from inside a Script."),
        ("skip-rest", "skip-rest is asked from inside a Script."),
        ("reserve 20m", "time is reserved from inside a Script."),
        ("metric clouds 1", "a metric is reported from inside a Script."),
        ("label quality good", "--of is missing: only from inside a Script is the Processing known."),
        ("self", "self is asked from inside a Script."), ("end success", "end ends the Script it is called from."),
    ])
    func saysThatItIsForScripts(_ line: String, _ message: String) throws {
        let words = line.split(separator: " ").map(String.init)
        guard case .run(let verb) = try Application(verbs: Verbs.all).request(words) else {
            Issue.record("not run")
            return
        }
        let context = Context(
            environment: ["ALTP_SOCKET": "/nowhere"], output: Output(descriptor: 1, colour: false),
            errors: Output(descriptor: 2, colour: false))
        let failure = #expect(throws: CommandFailure.self) { try verb.run(in: context) }
        #expect(failure?.description == message)
        #expect(failure?.status == .usage)
    }

    @Test func aScriptIsShownItsOwnVerbsFirst() throws {
        func headings(_ isInside: Bool) throws -> [String] {
            guard case .help(let page) = try Application(verbs: Verbs.all).request(["help"], isInside: isInside) else {
                return []
            }
            let sections = VerbNode.Section.allCases.map(\.rawValue)
            return page.split(separator: "\n").map(String.init).filter(sections.contains)
        }
        #expect(try headings(true).first == "From inside a Script")
        #expect(try headings(false).first == "The host")
        #expect(try Set(headings(true)) == Set(headings(false)))
    }

    @Test func joinsParameters() throws {
        let words = [
            "event", "send", "scene", "--id", "x", "--params", "{\"a\": 1, \"b\": true, \"c\": 0.5}", "-p", "a=2", "-p",
            "d=x=y",
        ]
        guard case .run(let verb) = try Application(verbs: Verbs.all).request(words), let send = verb as? EventSend
        else {
            Issue.record("not run")
            return
        }
        #expect(try send.params.values() == ["a": "2", "b": "true", "c": "0.5", "d": "x=y"])
    }
}

@Suite struct LogsTests {
    private static func processing(at script: String?, attempts: [(String, Int)]) -> ProcessingView {
        let time = Timestamp(milliseconds: 0)
        var processing = ProcessingView(
            id: 42, task: "t", status: "running", outcome: nil, script: script, reason: nil, event: nil, params: [:],
            priority: 0, definition: "", scriptsHash: nil, createdAt: time, startedAt: nil, endedAt: nil)
        processing.scripts = attempts.map { name, count in
            let attempts = (0..<count).map { number in
                AttemptView(
                    number: number + 1, state: "ended", outcome: "soft", evidence: nil, progress: nil,
                    progressText: nil,
                    startedAt: time, endedAt: time)
            }
            return ScriptView(
                name: name, state: "ended", outcome: nil, progress: nil, progressText: nil, attempts: attempts)
        }
        return processing
    }

    @Test(
        arguments: [
            ("load", nil, "42/load#2"), ("rgb", nil, "42/load#2"), (nil, nil, "42/load#2"),
            ("rgb", "load", "42/load#2"), ("load", "rgb", nil),
        ] as [(String?, String?, String?)])
    func findsTheAttempt(_ current: String?, _ asked: String?, _ found: String?) throws {
        let processing = Self.processing(at: current, attempts: [("load", 2), ("rgb", 0)])
        #expect(try Logs.attempt(of: processing, script: asked)?.description == found)
    }

    @Test func namesTheChainWhenTheScriptIsUnknown() {
        let processing = Self.processing(at: nil, attempts: [("load", 2), ("rgb", 0)])
        let failure = #expect(throws: CommandFailure.self) { try Logs.attempt(of: processing, script: "laod") }
        #expect(failure?.description == "Processing 42 has no Script laod; did you mean load? Its chain: load, rgb.")
    }

    @Test(arguments: [
        ("a\nb\nc\n", 1, "c\n"), ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc", 1, "c"), ("a\nb\nc\n", 3, "a\nb\nc\n"),
        ("a\n\n\n", 2, "\n\n"), ("\n", 1, "\n"),
        ("", 1, ""), ("abc", 5, "abc"),
    ])
    func findsTheLastLines(_ text: String, _ lines: Int, _ tail: String) {
        let bytes = Array(text.utf8)
        // Whatever the pieces, the lines begin at the same place.
        for size in [1, 2, 3, 100] {
            var finder = TailFinder(lines: lines)
            var start = 0
            var end = bytes.count
            while end > 0 {
                let from = max(0, end - size)
                if let index = finder.look(at: Array(bytes[from..<end])) {
                    start = from + index
                    break
                }
                end = from
            }
            #expect(String(decoding: bytes[start...], as: UTF8.self) == tail)
        }
    }
}

@Suite struct MessageTests {
    private func response(_ status: Int, _ body: String) -> HTTPResponse {
        HTTPResponse(status: status, headers: [], body: Array(body.utf8))
    }

    @Test func showsAProblemAsSentences() {
        let body = """
            {"type": "urn:altp:problem:invalid", "title": "Invalid input", "status": 422, "detail": "The Event cannot be taken.",
             "errors": [{"field": "params.scene", "detail": "is required"}, {"field": "params.x\\u001b[2J", "detail": "is unknown"}]}
            """
        #expect(
            ProblemText.sentences(response(422, body), .local)
                == "The Event cannot be taken.\n  params.scene: is required\n  params.x^[[2J: is unknown")
    }

    @Test(arguments: [
        (502, "<h1>Bad\u{1B} Gateway</h1>", "the Launcher answered with HTTP status 502: <h1>Bad^[ Gateway</h1>"),
        (500, "", "the Launcher answered with HTTP status 500"),
    ])
    func showsWhatIsNoProblemDocument(_ status: Int, _ body: String, _ text: String) {
        #expect(ProblemText.sentences(response(status, body), .local) == text)
    }

    @Test func explainsWhoMay() {
        let body = #"{"type": "urn:altp:problem:forbidden", "title": "Forbidden", "status": 403, "detail": "No."}"#
        #expect(ProblemText.sentences(response(403, body), .script).contains("policy's control"))
        #expect(ProblemText.sentences(response(403, body), .local).contains("user id"))
    }

    @Test(arguments: [
        (["calibrate.py"], "calibrate.py"), (["/bin/sh", "-c", "a | b"], "a | b"),
        (["echo", "a b", "it's", ""], "echo 'a b' 'it'\\''s' ''"),
    ])
    func quotesCommands(_ words: [String], _ line: String) {
        #expect(CommandText.line(words) == line)
    }

    @Test(
        arguments: [
            (0, "0"), (1023, "1023"), (1024, "1.0K"), (1536, "1.5K"), (10_485_760, "10M"), (1 << 40, "1.0T"), (-1, "0"),
        ] as [(Int64, String)])
    func showsSizes(_ bytes: Int64, _ text: String) {
        #expect(SizeText.short(bytes) == text)
    }
}
