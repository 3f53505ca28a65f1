import Configuration
import Wire

/// `altp watch`: what happens, as it happens.
struct Watch: Verb {
    static let name = "watch"
    static let summary = "Show what happens, as it happens"
    static let discussion = """
        On a terminal a line for each Processing under way, redrawn in place, and each that ended above it;
        in a pipe a line for each thing that happened. --until-idle leaves when there has been a Processing (with --since:
        one created since then) and none is waiting or running any more.
        The exit status is 0 whatever became of the Processings; altp wait tells.
        """
    static let examples = [
        Example("altp watch", "Until Ctrl-C."),
        Example(
            "altp watch --task landsat-scene --until-idle --timeout 5m", "Until its work is done, five minutes at most."
        ),
    ]

    @Option("task", short: "t", placeholder: "NAME", help: "Only Processings of this Task.") var tasks: [String]
    @Option(
        "since", placeholder: "TIME", help: "Begin with those created so long ago at most, ended ones too, such as 10m."
    )
    var since: Timespan?
    @Flag("until-idle", help: "Leave when nothing is waiting or running any more.") var untilIdle
    @Option("timeout", placeholder: "TIME", help: "Leave with exit status 1 after so long, such as 5m.")
    var timeout: Timespan?
    var launcher = LauncherOptions()

    private static let interval = 250
    /// Each Processing that runs is asked for at every poll: with many of them the polls are fewer.
    private static let intervalPerProcessing = 10
    /// Polls in a row that find nothing under way: between two Processings of a chain of Tasks there may be a moment of it.
    private static let idlePolls = 4

    func run(in context: Context) throws {
        let interruption = Interruption.install()
        let client = launcher.client(context, interruption: interruption)
        let start = context.now - (since?.milliseconds ?? 0)
        var feed = WatchFeed(
            client: client, tasks: tasks, start: start, countsHistory: since == nil,
            isInsideSandbox: context.isInsideSandbox)
        var model = WatchModel()
        var display = WatchDisplay(output: context.output)
        let deadline = timeout.map { MonotonicTime.now + Int($0.milliseconds) }
        var quiet = 0
        try display.begin()
        defer { try? display.end() }
        while true {
            var lines: [WatchModel.Line] = []
            for snapshot in try feed.poll(known: model.known) { lines += model.update(snapshot, now: context.now) }
            try display.show(lines.sorted { ($0.time, $0.id) < ($1.time, $1.id) }, model, now: context.now)
            quiet = model.live.isEmpty && feed.hasSeenAny ? quiet + 1 : 0
            if untilIdle, quiet >= Self.idlePolls { return }
            if let deadline, MonotonicTime.now >= deadline {
                let numbers = model.live.map { "\($0.id)" }.joined(separator: ", ")
                throw CommandFailure(
                    "the time is up after \(timeout?.description ?? "")"
                        + (numbers.isEmpty
                            ? "" : ", and these are under way: \(numbers). altp why says what they wait for"))
            }
            let pause = max(Self.interval, model.live.count * Self.intervalPerProcessing)
            try interruption.sleep(milliseconds: pause)
        }
    }
}

/// What the Launcher is asked at each poll: the list, and of those that changed or run the details.
struct WatchFeed {
    let client: LauncherClient
    let tasks: [String]
    let start: Int64
    let isInsideSandbox: Bool
    private var labels: [Int64: String] = [:]
    /// Whether one that ended before the start counts as seen.
    let countsHistory: Bool
    /// Whether there has been a Processing.
    private(set) var hasSeenAny = false

    /// More than these under way at once are told of as the others end.
    private static let most = 500

    init(client: LauncherClient, tasks: [String], start: Int64, countsHistory: Bool, isInsideSandbox: Bool) {
        self.countsHistory = countsHistory
        self.client = client
        self.isInsideSandbox = isInsideSandbox
        self.tasks = tasks
        self.start = start
    }

    mutating func poll(known: [Int64: WatchModel.Snapshot]) throws -> [WatchModel.Snapshot] {
        let filter = tasks.map { HTTPRequest.QueryItem(name: "task", value: $0) }
        let live = [("status", "waiting"), ("status", "running")].map { HTTPRequest.QueryItem(name: $0.0, value: $0.1) }
        let since = HTTPRequest.QueryItem(name: "since", value: Timestamp(milliseconds: start).description)
        var listed: [Int64: ProcessingView] = [:]
        for query in [filter + live, filter + [since]] {
            for item in try client.list(ProcessingView.self, "/processings", query, limit: Self.most).items {
                listed[item.id] = item
            }
        }
        if !hasSeenAny, listed.isEmpty, countsHistory {
            hasSeenAny = try !client.list(ProcessingView.self, "/processings", filter, limit: 1).items.isEmpty
        }
        hasSeenAny = hasSeenAny || !listed.isEmpty
        // One that was under way and is in neither list any more has ended.
        let ended = known.values.filter { !$0.isFinal && listed[$0.id] == nil }.map(\.id)
        var result: [WatchModel.Snapshot] = []
        for id in (Array(listed.keys) + ended).sorted() {
            if let before = known[id], before.isFinal, let item = listed[id], ProcessingText.isFinal(item),
                before.endedAt == item.endedAt?.milliseconds
            {
                continue
            }
            if let before = known[id], before.status == "waiting", listed[id]?.status == "waiting" { continue }
            result.append(try snapshot(try client.processing(id)))
        }
        return result
    }

    private mutating func snapshot(_ processing: ProcessingView) throws -> WatchModel.Snapshot {
        // A Script may see its Task's Processings, but not every Event.
        if labels[processing.id] == nil, !isInsideSandbox, let event = processing.event {
            labels[processing.id] = try client.event(event).key
        }
        let scripts = processing.scripts ?? []
        let attempts = scripts.flatMap { script in
            script.attempts.map { attempt in
                WatchModel.Attempt(
                    script: script.name, number: attempt.number, outcome: attempt.outcome,
                    reason: attempt.evidence?.reason, progress: attempt.progress, progressText: attempt.progressText,
                    startedAt: attempt.startedAt.milliseconds, endedAt: attempt.endedAt?.milliseconds)
            }
        }.sorted { $0.startedAt < $1.startedAt }
        return WatchModel.Snapshot(
            id: processing.id, task: processing.task, label: labels[processing.id], status: processing.status,
            isFinal: ProcessingText.isFinal(processing), reason: processing.reason,
            retryAt: try retry(processing, attempts.last), chain: scripts.map(\.name), attempts: attempts,
            createdAt: processing.createdAt.milliseconds, startedAt: processing.startedAt?.milliseconds,
            endedAt: processing.endedAt?.milliseconds)
    }

    /// When the next attempt of a failed Script is due; only a Processing that is between two attempts is asked why.
    private func retry(_ processing: ProcessingView, _ last: WatchModel.Attempt?) throws -> Int64? {
        guard !ProcessingText.isFinal(processing), let outcome = last?.outcome, outcome != "success" else { return nil }
        let fact = try client.explanation(processing.id).facts.first { $0.kind == "retry" }
        return fact?.values["due_at"].flatMap { Int64($0) }
    }
}

/// Where the lines go: the end of a pipe, or a terminal whose last lines are redrawn.
struct WatchDisplay {
    private let output: Output
    private var screen: WatchScreen

    init(output: Output) {
        self.output = output
        screen = WatchScreen(style: output.style)
    }

    func begin() throws(CommandFailure) {
        if output.isTerminal { try output.print("\u{1B}[?25l", terminator: "") }
    }

    func end() throws(CommandFailure) {
        if output.isTerminal { try output.print("\u{1B}[?25h", terminator: "") }
    }

    mutating func show(_ lines: [WatchModel.Line], _ model: WatchModel, now: Int64) throws(CommandFailure) {
        guard output.isTerminal else {
            for line in lines { try output.print(screen.plain(line)) }
            return
        }
        // On a terminal the live lines show what starts; what ended or failed is worth a line of its own.
        let finished = lines.filter { $0.isEnd || $0.outcome != nil && $0.outcome != "success" }
        let text = screen.redraw(
            finished: finished.map { screen.plain($0) }, live: model.live, width: output.width ?? 80,
            height: output.height ?? 24, now: now)
        try output.print(text, terminator: "")
    }
}
