import Configuration
import Wire

struct Skip: Verb {
    static let name = "skip"
    static let summary = "Take the Script that a Processing is at, or failed at, as done"
    static let discussion = """
        The chain goes on with the next Script, with /processing as it now is. Use it when the Script's work was done by
        hand, inside with altp enter, or is not needed.
        """
    static let examples = [Example("altp skip 42/calibrate", "Go on with the Script after calibrate.")]

    @Argument("REF", help: "The Script, such as 42/calibrate.") var reference: Reference
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        guard reference.script != nil, reference.attempt == nil else {
            throw UsageError("REF: say which Script is skipped, as in 42/calibrate")
        }
    }

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let script = reference.script ?? ""
        let response = try client.post("/processings/\(reference.processing)/skip", SkipScript(script: script))
        let processing = try client.decode(ProcessingView.self, response.body)
        try context.output.print(
            "\(Printable.line(script)) is skipped; Processing \(processing.id) is \(ProcessingText.status(processing))."
        )
    }
}

struct Pin: Verb {
    static let name = "pin"
    static let summary = "Keep a Processing's directories until they are unpinned"
    static let examples = [
        Example("altp pin 42 --reason 'shown to the provider'", "Neither its keep time nor a full disk removes them.")
    ]

    @Argument("REF", help: "The Processings, such as 42.") var references: [ProcessingReference]
    @Option("reason", placeholder: "TEXT", help: "For whoever wonders why it is still there.") var reason: String?
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        for reference in references {
            try client.post("/processings/\(reference.id)/pin", PinProcessing(reason: reason))
            try context.output.print("Processing \(reference.id) is pinned. Let it go with: altp unpin \(reference.id)")
        }
    }
}

struct Unpin: Verb {
    static let name = "unpin"
    static let summary = "Let a pinned Processing's directories go when their time is over"
    static let examples = [Example("altp unpin 42", "From here on its keep time counts again.")]

    @Argument("REF", help: "The Processings, such as 42.") var references: [ProcessingReference]
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        for reference in references {
            try client.post("/processings/\(reference.id)/unpin", NoInput())
            try context.output.print("Processing \(reference.id) is no longer pinned.")
        }
    }
}

struct Release: Verb {
    static let name = "release"
    static let summary = "Remove an ended Processing's directories now, before their time"
    static let discussion = "Of a failure the logs, the outcomes and lists of its files stay."
    static let examples = [Example("altp release 42", "When the failure is understood.")]

    @Argument("REF", help: "The Processings, such as 42.") var references: [ProcessingReference]
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        for reference in references {
            try client.post("/processings/\(reference.id)/release", NoInput())
            try context.output.print("The directories of Processing \(reference.id) are being removed.")
        }
    }
}

struct CollectGarbageVerb: Verb {
    static let name = "gc"
    static let summary = "Remove directories that may go, and say what is held by whom"
    static let discussion = """
        Without --free it removes what is due: directories whose keep time is over, and as many as keep_free in altp.yaml
        asks for; the Launcher does that by itself too. With --free it goes on until so much is free: successes first, then
        the oldest failures, never what is pinned, entered or under way.
        """
    static let examples = [
        Example("altp gc --dry-run", "What would go, what stays, and who holds it."),
        Example("altp gc --free 200G --dry-run", "What it would take to have 200 GiB free."),
    ]

    @Option("free", placeholder: "SIZE", help: "Remove until so much is free.") var free: ByteSize?
    @Flag("dry-run", short: "n", help: "Only say what would go.") var dryRun
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.post(
            "/host/gc", CollectGarbage(free: free?.bytes, dryRun: dryRun ? true : nil))
        guard format.format == .table else { return try context.printJSON(response.body) }
        let report = try client.decode(CollectionView.self, response.body)
        if !(report.removed + report.stays).isEmpty {
            try context.print(Self.table(report, now: context.now, isDryRun: dryRun))
        }
        try context.output.print(Self.summary(report, isDryRun: dryRun))
    }

    static func table(_ report: CollectionView, now: Int64, isDryRun: Bool) -> Table {
        var table = Table([
            .init("ID", alignsRight: true), .init("TASK", flexible: 10), .init("STATUS"),
            .init("SIZE", alignsRight: true),
            .init(isDryRun ? "WOULD GO" : "GOES"), .init("WHY", flexible: 20),
        ])
        for item in report.removed + report.stays {
            var reasons = item.cause.map { [$0] } ?? []
            reasons += item.holders
            if item.cause == nil, item.holders.isEmpty, let until = item.keptUntil?.milliseconds {
                reasons.append("kept for \(TimeText.duration(max(0, until - now)))")
            }
            table.add([
                .init("\(item.processing)"), .init(item.task),
                .init(item.status, ProcessingText.face(of: item.status)), .init(item.bytes.map(SizeText.short) ?? "-"),
                .init(item.cause == nil ? "no" : "yes", item.cause == nil ? .dim : .yellow),
                .init(reasons.joined(separator: "; ")),
            ])
        }
        return table
    }

    static func summary(_ report: CollectionView, isDryRun: Bool) -> String {
        let size = report.removed.reduce(0) { $0 + ($1.bytes ?? 0) }
        let count = report.removed.count
        let what = "The directories of \(count) Processing\(count == 1 ? "" : "s") (\(SizeText.short(size)))"
        var text =
            count == 0 ? "Nothing \(isDryRun ? "would go" : "goes"). " : "\(what) \(isDryRun ? "would go" : "go"). "
        text +=
            "\(SizeText.short(report.free)) of \(SizeText.short(report.total)) is free, keep_free is "
            + "\(SizeText.short(report.keepFree))"
        if report.reserved > 0 { text += ", running Scripts may add \(SizeText.short(report.reserved))" }
        text += "."
        if (report.removed + report.stays).contains(where: { $0.keptUntil != nil && $0.bytes == nil }) {
            text += " Some sizes are not known yet: what else it takes shows when they are."
        }
        if report.missing > 0 {
            text +=
                " \(SizeText.short(report.missing)) is missing even then: unpin or leave what is held, or make the disk larger."
        }
        return text
    }
}
