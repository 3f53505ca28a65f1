import Wire

struct TaskList: Verb {
    static let name = "list"
    static let summary = "List the Tasks"
    static let examples = [Example("altp task list", "Every Task with its trigger and what it has under way.")]

    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let page = try client.list(TaskView.self, "/tasks", [], limit: nil)
        guard format.format == .table else { return try context.printJSON(try WireJSON.encode(page)) }
        var table = Table([
            .init("NAME"), .init("TRIGGER", flexible: 12), .init("STATE"), .init("NEXT"),
            .init("WAITING", alignsRight: true), .init("RUNNING", alignsRight: true),
            .init("DESCRIPTION", flexible: 10),
        ])
        for task in page.items {
            let state: Table.CellText =
                task.problem != nil ? .init("broken", .red) : task.paused ? .init("paused", .yellow) : "active"
            table.add([
                .init(task.name), .init(TaskText.trigger(task.trigger)), state,
                .init(task.nextAt.map { TaskText.until($0.milliseconds, context.now) } ?? "-"),
                .init("\(task.waiting)"), .init("\(task.running)"), .init(task.description ?? ""),
            ])
        }
        try context.print(table)
    }
}

struct TaskShow: Verb {
    static let name = "show"
    static let summary = "Show a Task: trigger, parameters, chain, limits"
    static let examples = [Example("altp task show landsat-scene", "How the Task is defined, as the Launcher has it.")]

    @Argument("NAME", help: "The Task.") var task: String
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.get(LauncherClient.taskPath(task))
        guard format.format == .table else { return try context.printJSON(response.body) }
        let task = try client.decode(TaskView.self, response.body)
        try context.output.print(TaskText.page(task, context: context), terminator: "")
    }
}

enum TaskText {
    static func trigger(_ trigger: TaskView.Trigger) -> String {
        switch trigger.kind {
        case "every": "every \(trigger.every ?? "?")"
        case "cron": "cron \(trigger.cron ?? "?")" + (trigger.timezone.map { " (\($0))" } ?? "")
        case "event": "on \(trigger.eventType ?? "?")"
        case "manual": "by hand"
        default: trigger.kind
        }
    }

    /// `in 4m`, `now`
    static func until(_ time: Int64, _ now: Int64) -> String {
        time <= now ? "now" : "in \(TimeText.age(of: now, at: time))"
    }

    static func page(_ task: TaskView, context: Context) -> String {
        var facts: [(String, String)] = [("Trigger", trigger(task.trigger))]
        if let next = task.nextAt?.milliseconds {
            facts.append(("Next", "\(TimeText.full(next)), \(until(next, context.now))"))
        }
        facts.append(("State", task.paused ? "paused" + (task.pauseReason.map { ": \($0)" } ?? "") : "active"))
        if let problem = task.problem {
            facts.append(("Problem", "its file is broken, the last good definition is used: \(problem)"))
        }
        facts.append(("Under way", "\(task.waiting) waiting, \(task.running) running"))
        facts.append(("Priority", "\(task.priority)"))
        if let most = task.maxRunning { facts.append(("At most", "\(most) running at once")) }
        facts.append(("Kept", "\(task.keepSuccess) after a success, \(task.keepFailed) after a failure"))
        for param in task.params {
            var text = "\(param.name): \(param.type)"
            if param.required { text += ", required" }
            if let value = param.default { text += ", default \(value)" }
            if let description = param.description { text += " – \(description)" }
            facts.append(("Parameter", text))
        }
        let style = context.output.style
        var text = style(Printable.line(task.name), .bold)
        if let description = task.description { text += ": \(Printable.line(description))" }
        text += "\n" + FactList.render(facts, style: style) + "\n"
        var table = Table([
            .init("SCRIPT"), .init("POLICY"), .init("LIMITS", flexible: 10), .init("POOLS"), .init("RETRIES"),
            .init("COMMAND", flexible: 20),
        ])
        for script in task.scripts {
            let pools = script.pools.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let limits = script.limits.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let retries = script.retries == 0 ? "none" : "\(script.retries) on \(script.retryOn.joined(separator: ","))"
            table.add([
                .init(script.name), .init(script.policy), .init(limits.joined(separator: " ")),
                .init(pools.isEmpty ? "-" : pools.joined(separator: " ")), .init(retries),
                .init(CommandText.line(script.command)),
            ])
        }
        return text + table.render(width: context.output.width, style: style)
    }
}

struct TaskPause: Verb {
    static let name = "pause"
    static let summary = "Pause a Task: its Processings wait, what runs goes on"
    static let discussion = "From inside a Script the Task is its own unless one is named."
    static let examples = [
        Example(
            "altp task pause landsat-scene --reason \"archive is full\"", "Stop starting its Scripts, and say why."),
        Example("altp task pause", "From inside a Script: pause the Script's own Task."),
    ]

    @Argument("NAME", help: "The Task; from inside a Script its own when left out.") var task: String?
    @Option("reason", placeholder: "TEXT", help: "What altp why and the list of Tasks will say.") var reason: String?
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let body = PauseTask(reason: reason)
        if let task {
            try launcher.client(context).post("\(LauncherClient.taskPath(task))/pause", body)
        } else {
            try context.requireSandbox("NAME is missing: only from inside a Script is the Task known")
            try launcher.client(context).post("/self/pause-task", body)
        }
        let name = task ?? context.environment["ALTP_TASK"] ?? "The Task"
        try context.output.print("\(Printable.line(name)) is paused.")
    }
}

struct TaskResume: Verb {
    static let name = "resume"
    static let summary = "Let a paused Task go on"
    static let examples = [Example("altp task resume landsat-scene", "What waited for it starts as resources allow.")]

    @Argument("NAME", help: "The Task.") var task: String
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try launcher.client(context).post("\(LauncherClient.taskPath(task))/resume", NoInput())
        try context.output.print("\(Printable.line(task)) goes on.")
    }
}

struct TaskTrigger: Verb {
    static let name = "trigger"
    static let summary = "Start a Processing of a Task by hand"
    static let examples = [
        Example("altp task trigger landsat-discover", "Do not wait for the next tick."),
        Example(
            "altp task trigger landsat-scene --param scene=LC08_193026 --wait",
            "Run the chain and exit with 1 if it fails."),
    ]

    @Argument("NAME", help: "The Task.") var task: String
    var params = ParameterOptions()
    @Flag("wait", short: "w", help: "Wait for its end; exit with 1 unless it is a success.") var wait
    var launcher = LauncherOptions()

    func validate() throws(UsageError) { _ = try params.values() }

    func run(in context: Context) throws {
        let interruption = wait ? Interruption.install() : nil
        let client = launcher.client(context, interruption: interruption)
        let body = TriggerTask(params: try params.values())
        let response = try client.post("\(LauncherClient.taskPath(task))/trigger", body)
        let processing = try client.decode(ProcessingView.self, response.body)
        try context.output.print(
            "Processing \(processing.id) of \(Printable.line(processing.task)) is \(Printable.line(processing.status))."
        )
        if let interruption { try Waiting.wait(for: [processing.id], client, interruption, context) }
    }
}

struct TaskReload: Verb {
    static let name = "reload"
    static let summary = "Read the host folder's Tasks again"
    static let discussion = """
        A Task whose files have a problem keeps the definition it had; the problems are printed and the exit status is 1.
        Processings that exist go on with what was there when they were created.
        """
    static let examples = [Example("altp task reload", "After a change in tasks/, policies/ or rootfs/.")]

    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.post("/host/reload", NoInput())
        let report = try client.decode(ReloadView.self, response.body)
        if format.format == .json {
            try context.printJSON(response.body)
        } else {
            for (word, names) in [("added", report.added), ("changed", report.changed), ("removed", report.removed)] {
                for name in names { try context.output.print("\(word) \(Printable.line(name))") }
            }
            for problem in report.problems {
                let place = problem.line == 0 ? problem.file : "\(problem.file):\(problem.line):\(problem.column)"
                try context.errors.print(Printable.line("\(place): \(problem.message)"))
            }
            if report.added.isEmpty, report.changed.isEmpty, report.removed.isEmpty, report.problems.isEmpty {
                try context.output.print("Nothing has changed.")
            }
        }
        if !report.problems.isEmpty { throw ExitStatus.failure }
    }
}
