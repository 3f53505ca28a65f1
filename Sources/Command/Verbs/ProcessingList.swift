import Configuration
import Wire

/// `altp ps`, `altp processing list`
struct ProcessingList: Verb {
    static let name = "list"
    static let summary = "List the Processings, newest first"
    static let discussion = "Filters of one kind are alternatives; those of different kinds must all hold."
    static let examples = [
        Example("altp ps", "The newest fifty."),
        Example("altp ps --status waiting --status running", "What is under way."),
        Example("altp ps --status failed --since 1d -o json", "Yesterday's failures, for a program."),
        Example("altp ps --label quality:good", "What somebody labelled so."),
        Example("altp ps --task landsat-scene --watch", "Refresh the list until Ctrl-C."),
    ]

    @Option("status", short: "s", placeholder: "STATUS", help: "Only those of this status.") var statuses: [StatusName]
    @Option("task", short: "t", placeholder: "NAME", help: "Only those of this Task.") var tasks: [String]
    @Option("outcome", placeholder: "OUTCOME", help: "Only those that ended with this outcome.") var outcomes:
        [OutcomeName]
    @Option("cause", placeholder: "FINGERPRINT", help: "Only those that failed of this cause, as altp causes names it.")
    var causes: [String]
    @Option("since", placeholder: "TIME", help: "Only those created so long ago at most, such as 2h.") var since:
        Timespan?
    @Option("label", placeholder: "KEY:VALUE", help: "Only those with this label.") var labels: [LabelArgument]
    var range = RangeOptions()
    @Flag("watch", help: "Refresh the list every second, on a terminal.") var watch
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        try range.validate()
        if watch, format.format == .json { throw UsageError("--watch shows a table; -o json prints once") }
        if watch, range.all { throw UsageError("--watch and --all exclude each other") }
    }

    func run(in context: Context) throws {
        if watch { return try refresh(in: context) }
        let page = try load(launcher.client(context), context, limit: range.limit(in: format.format))
        guard format.format == .table else { return try context.printJSON(try WireJSON.encode(page)) }
        try context.print(ProcessingText.table(page.items, now: context.now))
        try range.sayIfMore(page.next != nil, page.items.count, in: context)
    }

    private func load(_ client: LauncherClient, _ context: Context, limit: Int?) throws -> PageView<ProcessingView> {
        var query = statuses.map { HTTPRequest.QueryItem(name: "status", value: $0.rawValue) }
        query += tasks.map { .init(name: "task", value: $0) }
        query += outcomes.map { .init(name: "outcome", value: $0.rawValue) }
        query += labels.map { .init(name: "label", value: $0.text) }
        query += causes.map { .init(name: "cause", value: $0) }
        if let since {
            let time = Timestamp(milliseconds: context.now - since.milliseconds)
            query.append(.init(name: "since", value: time.description))
        }
        return try client.list(ProcessingView.self, "/processings", query, limit: limit)
    }

    private func refresh(in context: Context) throws {
        guard context.output.isTerminal else {
            throw CommandFailure("--watch redraws a terminal, and the output is none. altp watch prints lines.")
        }
        let interruption = Interruption.install()
        let client = launcher.client(context, interruption: interruption)
        let screen = TerminalScreen(context.output)
        try screen.enter()
        defer { try? screen.leave() }
        while true {
            let height = context.output.height ?? 24
            let rows = min(max(1, height - 3), range.limit(in: .table) ?? .max)
            let page = try load(client, context, limit: rows)
            let table = ProcessingText.table(page.items, now: context.now)
            let head = "\(TimeText.clock(context.now))  Ctrl-C leaves"
            let text = table.render(width: context.output.width, style: context.output.style)
            try screen.show("\(context.output.style(head, .dim))\n\(text)")
            try interruption.sleep(milliseconds: 1000)
        }
    }
}

enum StatusName: String, CaseIterable, ArgumentValue { case waiting, running, success, failed, cancelled }

/// An outcome by its name in the API.
enum OutcomeName: String, CaseIterable, ArgumentValue {
    case success, soft, hard, signal, timeout
    case cpuTime = "cpu_time"
    case oom, pids, disk, seccomp, setup, lost, cancelled
}
