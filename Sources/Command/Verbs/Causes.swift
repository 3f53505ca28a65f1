import Configuration
import Wire

/// `altp causes`
struct Causes: Verb {
    static let name = "causes"
    static let summary = "Say what failures have in common: how many there are, and of how many causes"
    static let discussion = """
        Failures of one Script are of one cause when the kernel says the same (which limit, which system call), or else when
        their logs end alike but for names, numbers, paths and times.
        """
    static let examples = [
        Example("altp causes", "The most frequent first."),
        Example("altp causes --task landsat-scene --since 1d", "Of one Task, today and yesterday."),
        Example("altp causes 3f29a1c077e2b4d1", "One cause: what was said, and which Processings."),
        Example("altp rerun --cause 3f29a1c077e2b4d1", "When it is mended: all of them again."),
    ]

    enum Order: String, CaseIterable, ArgumentValue {
        case count
        case lastSeen = "last_seen"
    }

    @Argument("FINGERPRINT", help: "One cause, with its log's end and its Processings.") var fingerprint: String?
    @Option("task", short: "t", placeholder: "NAME", help: "Only those of this Task.") var tasks: [String]
    @Option("script", placeholder: "NAME", help: "Only those of this Script.") var scripts: [String]
    @Option("outcome", placeholder: "OUTCOME", help: "Only this outcome.") var outcomes: [OutcomeName]
    @Option("since", placeholder: "TIME", help: "Only what failed on the days since so long ago, such as 7d.")
    var since: Timespan?
    @Option("sort", placeholder: "ORDER", help: "The most frequent first, or the last seen.") var order: Order?
    @Option("limit", placeholder: "N", help: "At most so many; 20 unless given.") var limit: Int?
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        if let fingerprint { return try show(fingerprint, client, context) }
        var query = tasks.map { HTTPRequest.QueryItem(name: "task", value: $0) }
        query += scripts.map { .init(name: "script", value: $0) }
        query += outcomes.map { .init(name: "outcome", value: $0.rawValue) }
        if let since {
            query.append(
                .init(name: "since", value: Timestamp(milliseconds: context.now - since.milliseconds).description))
        }
        if let order { query.append(.init(name: "sort", value: order.rawValue)) }
        query.append(.init(name: "limit", value: "\(limit ?? 20)"))
        let response = try client.get("/causes", query)
        guard format.format == .table else { return try context.printJSON(response.body) }
        let view = try client.decode(CausesView.self, response.body)
        if !view.items.isEmpty { try context.print(Self.table(view, now: context.now)) }
        try context.output.print(Self.summary(view))
    }

    static func table(_ view: CausesView, now: Int64) -> Table {
        var table = Table([
            .init("CAUSE"), .init("FAILED", alignsRight: true), .init("ATTEMPTS", alignsRight: true), .init("LAST"),
            .init("TASK", flexible: 8), .init("SCRIPT", flexible: 8), .init("OUTCOME"), .init("WHAT", flexible: 20),
        ])
        for cause in view.items {
            table.add([
                .init(cause.fingerprint), .init("\(cause.processings)"), .init("\(cause.attempts)"),
                .init(TimeText.age(of: cause.lastSeen.milliseconds, at: now)), .init(cause.task), .init(cause.script),
                .init(cause.outcome, .red), .init(cause.pattern),
            ])
        }
        return table
    }

    /// `142 failures, 2 causes.`
    static func summary(_ view: CausesView) -> String {
        func plural(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
        var text = "\(plural(view.failures, "failure")), \(plural(view.causes, "cause"))"
        if view.items.count < view.causes { text += " (\(view.items.count) shown; --limit for more)" }
        return text + "."
    }

    private func show(_ fingerprint: String, _ client: LauncherClient, _ context: Context) throws {
        let response = try client.get("/causes/\(HTTPRequest.encode(fingerprint))")
        guard format.format == .table else { return try context.printJSON(response.body) }
        let view = try client.decode(CauseDetailView.self, response.body)
        let cause = view.cause
        let now = context.now
        var text = Printable.line("\(cause.task)/\(cause.script), \(cause.outcome): \(cause.pattern)") + "\n"
        text += "  \(cause.processings) failed, \(cause.attempts) attempts, first "
        text += "\(TimeText.age(of: cause.firstSeen.milliseconds, at: now)) ago, last "
        text += "\(TimeText.age(of: cause.lastSeen.milliseconds, at: now)) ago\n"
        text += "The last one said:\n"
        for line in cause.sample.split(separator: "\n") { text += "  | \(Printable.line(String(line)))\n" }
        try context.output.print(text, terminator: "")
        guard !view.failed.isEmpty else { return try context.output.print("None of them is failed any more.") }
        try context.print(ProcessingText.table(view.failed, now: now))
        try context.output.print("When it is mended: altp rerun --cause \(Printable.line(cause.fingerprint))")
    }
}
