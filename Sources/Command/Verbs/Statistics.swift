import Configuration
import Wire

struct Statistics: Verb {
    static let name = "stats"
    static let summary = "Say what ended and how: counts, durations, memory, waits"
    static let discussion = """
        Whole Processings are counted by Task; with --script or --by script the attempts of Scripts. Days are UTC.
        Percentiles are within 6.25 percent of a value that occurred; counts, means and maxima are exact. OK is the part that
        succeeded, of those that were not cancelled. WAIT is from when it could have started to its start.
        """
    static let examples = [
        Example("altp stats", "Each Task, since the Launcher's store was made."),
        Example("altp stats --task landsat-scene --by script", "Where its time and memory go."),
        Example("altp stats --since 7d --by day,outcome", "The last week, day by day."),
    ]

    enum Key: String, CaseIterable, ArgumentValue { case task, script, day, outcome }

    /// `--by task,day`
    struct Keys: ArgumentValue {
        var keys: [Key]

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            keys = parts.compactMap { Key(rawValue: String($0)) }
            if keys.count != parts.count { return nil }
        }

        static var expectation: String { "task, script, day, outcome, or several of them joined by commas" }
    }

    @Option("task", short: "t", placeholder: "NAME", help: "Only this Task.") var tasks: [String]
    @Option("script", placeholder: "NAME", help: "Only attempts of this Script.") var scripts: [String]
    @Option("since", placeholder: "TIME", help: "Only the days since so long ago, such as 7d.") var since: Timespan?
    @Option("by", placeholder: "KEYS", help: "What is put together: task, script, day, outcome; joined by commas.")
    var by: [Keys]
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        var query = tasks.map { HTTPRequest.QueryItem(name: "task", value: $0) }
        query += scripts.map { .init(name: "script", value: $0) }
        query += by.flatMap(\.keys).map { .init(name: "by", value: $0.rawValue) }
        if let since {
            query.append(
                .init(name: "since", value: Timestamp(milliseconds: context.now - since.milliseconds).description))
        }
        let response = try client.get("/statistics", query)
        guard format.format == .table else { return try context.printJSON(response.body) }
        let view = try client.decode(StatisticsView.self, response.body)
        // What waits and runs belongs to whole Tasks of all days.
        let isOfTasks = view.counted == "processings" && by.isEmpty
        try context.print(isOfTasks ? Self.tasks(view) : Self.table(view))
    }

    /// Every Task, those of which nothing has ended too.
    static func tasks(_ view: StatisticsView) -> Table {
        var table = Table(
            [
                .init("TASK", flexible: 10), .init("WAITING", alignsRight: true), .init("RUNNING", alignsRight: true),
            ] + figures(hasMemory: false))
        let groups = Dictionary(view.groups.map { ($0.task ?? "", $0) }) { first, _ in first }
        for name in Set(view.tasks.map(\.task)).union(groups.keys).sorted() {
            let task = view.tasks.first { $0.task == name }
            table.add(
                [.init(name), .init("\(task?.waiting ?? 0)"), .init("\(task?.running ?? 0)")]
                    + cells(groups[name], hasMemory: false))
        }
        return table
    }

    static func table(_ view: StatisticsView) -> Table {
        let keys: [(String, (StatisticsGroupView) -> String?)] = [
            ("TASK", \.task), ("SCRIPT", \.script), ("DAY", \.day), ("OUTCOME", \.outcome),
        ]
        let shown = keys.filter { key in view.groups.contains { key.1($0) != nil } }
        let hasMemory = view.groups.contains { $0.memoryPeak != nil }
        var table = Table(shown.map { .init($0.0, flexible: 10) } + figures(hasMemory: hasMemory))
        for group in view.groups {
            table.add(shown.map { .init($0.1(group) ?? "-") } + cells(group, hasMemory: hasMemory))
        }
        return table
    }

    private static func figures(hasMemory: Bool) -> [Table.Column] {
        var names = ["ENDED", "OK", "P50", "P90", "P99", "MAX"]
        if hasMemory { names += ["MEM P50", "MEM P99", "MEM MAX"] }
        names += ["WAIT P50", "WAIT P99", "PER HOUR"]
        return names.map { .init($0, alignsRight: true) } + [.init("OUTCOMES", flexible: 10)]
    }

    private static func cells(_ group: StatisticsGroupView?, hasMemory: Bool) -> [Table.CellText] {
        func time(_ value: Int64?) -> Table.CellText { .init(value.map(TimeText.duration) ?? "-") }
        func size(_ value: Int64?) -> Table.CellText { .init(value.map(SizeText.short) ?? "-") }
        var cells: [Table.CellText] = [.init("\(group?.count ?? 0)"), success(group?.successRate)]
        let (duration, memory, wait) = (group?.duration, group?.memoryPeak, group?.queueWait)
        cells += [duration?.p50, duration?.p90, duration?.p99, duration?.max].map(time)
        if hasMemory { cells += [memory?.p50, memory?.p99, memory?.max].map(size) }
        cells += [wait?.p50, wait?.p99].map(time)
        cells.append(.init(group.map { rate($0.perHour) } ?? "-"))
        let outcomes = (group?.outcomes ?? [:]).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        cells.append(.init(outcomes.map { "\($0.key) \($0.value)" }.joined(separator: ", ")))
        return cells
    }

    private static func success(_ rate: Double?) -> Table.CellText {
        guard let rate else { return .init("-") }
        // Rounded down: 100% is all of them.
        let tenths = Int(rate * 1000)
        return .init("\(tenths / 10)\(tenths % 10 == 0 ? "" : ".\(tenths % 10)")%", rate < 0.9 ? .red : nil)
    }

    private static func rate(_ perHour: Double) -> String {
        if perHour >= 10 { return "\(Int(perHour))" }
        let hundredths = Int(perHour * 100)
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
