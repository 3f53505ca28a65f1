import Wire

struct ProcessingShow: Verb {
    static let name = "show"
    static let summary = "Show a Processing: its chain, attempts and outcomes"
    static let examples = [Example("altp processing show 42", "What ran, how it ended, and what to type next.")]

    @Argument("REF", help: "The Processing, such as 42.") var reference: Reference
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.get("/processings/\(reference.processing)")
        guard format.format == .table else { return try context.printJSON(response.body) }
        let processing = try client.decode(ProcessingView.self, response.body)
        // A Script may see its Task's Processings, but not every Event.
        let event = context.isInsideSandbox ? nil : try processing.event.map { try client.event($0) }
        try context.output.print(ProcessingText.page(processing, event: event, context: context), terminator: "")
    }
}

struct Rerun: Verb {
    static let name = "rerun"
    static let summary = "Run an ended Processing again, whole or from one Script on"
    static let discussion = """
        It uses the definition and the scripts that were there when the Processing was created; --current takes today's.
        From a Script on, what the Scripts before it left in /processing is used.
        """
    static let examples = [
        Example("altp rerun 42", "The whole chain once more."),
        Example("altp rerun 42 --from calibrate --current", "After mending calibrate's script."),
        Example("altp rerun 42/calibrate --wait", "From calibrate on; exit with 1 if it fails again."),
        Example("altp rerun --cause 3f29… --dry-run", "Which Processings have failed of that cause: see altp causes."),
        Example(
            "altp rerun --status failed --task scene --dry-run", "Which of them could be run again, and which not."),
    ]

    @Argument("REF", help: "The Processing; with a Script, as in 42/calibrate, from that Script on.")
    var reference: Reference?
    @Option("from", placeholder: "SCRIPT", help: "Begin with this Script.") var from: String?
    @Flag("current", help: "Use today's definition and scripts.") var current
    @Flag("wait", short: "w", help: "Wait for its end; exit with 1 unless it is a success.") var wait
    var selection = SelectionOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        try selection.validate(beside: reference != nil, "REF")
        guard let reference else {
            if wait { throw UsageError("--wait: waits for one Processing; altp wait takes several") }
            return
        }
        if reference.attempt != nil { throw UsageError("REF: an attempt is not run again; say 42 or 42/SCRIPT") }
        if let from, let script = reference.script, from != script {
            throw UsageError("REF says from \(script), --from says from \(Printable.line(from))")
        }
    }

    func run(in context: Context) throws {
        guard let reference else {
            return try selection.act(
                .rerun, launcher.client(context), context, from: from, current: current ? true : nil)
        }
        let interruption = wait ? Interruption.install() : nil
        let client = launcher.client(context, interruption: interruption)
        let id = reference.processing
        let start = from ?? reference.script
        try client.post("/processings/\(id)/rerun", RerunProcessing(from: start, current: current ? true : nil))
        let source = current ? "today's definition" : "the definition it was created with"
        try context.output.print(
            "Processing \(id) runs again\(start.map { " from \(Printable.line($0)) on" } ?? ""), with \(source).")
        if let interruption { try Waiting.wait(for: [id], client, interruption, context) }
    }
}

struct Cancel: Verb {
    static let name = "cancel"
    static let summary = "End a Processing: its running Script is ended, the rest does not start"
    static let examples = [
        Example("altp cancel 42", "SIGTERM, and after the policy's grace SIGKILL."),
        Example("altp cancel --status waiting --task scene", "All of the Task that have not begun."),
    ]

    @Argument("REF", required: false, help: "The Processings, such as 42.") var references: [ProcessingReference]
    var selection = SelectionOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) { try selection.validate(beside: !references.isEmpty, "REF") }

    func run(in context: Context) throws {
        let client = launcher.client(context)
        if references.isEmpty { return try selection.act(.cancel, client, context) }
        for reference in references {
            try client.post("/processings/\(reference.id)/cancel", NoInput())
            try context.output.print("Processing \(reference.id) is being cancelled.")
        }
    }
}

struct Why: Verb {
    static let name = "why"
    static let summary = "Say what a Processing waits for, or why it failed"
    static let examples = [
        Example("altp why 42", "The pool and who holds it; the memory that is missing; the limit that was hit.")
    ]

    @Argument("REF", help: "The Processing, such as 42.") var reference: Reference
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.get("/processings/\(reference.processing)/why")
        guard format.format == .table else { return try context.printJSON(response.body) }
        let why = try client.decode(ExplanationView.self, response.body)
        try context.output.print(Self.text(why), terminator: "")
    }

    static func text(_ why: ExplanationView) -> String {
        var text = "\(why.reference): \(Printable.line(why.summary))\n"
        for fact in why.facts where fact.text != why.summary { text += "  - \(Printable.line(fact.text))\n" }
        return text
    }
}

struct Wait: Verb {
    static let name = "wait"
    static let summary = "Wait until Processings have ended"
    static let examples = [Example("altp wait 42 43", "Exit with 1 unless both are successes.")]

    @Argument("REF", help: "The Processings, such as 42.") var references: [ProcessingReference]
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let interruption = Interruption.install()
        let client = launcher.client(context, interruption: interruption)
        try Waiting.wait(for: references.map(\.id), client, interruption, context)
    }
}
