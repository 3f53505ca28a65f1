import Wire

struct EventSend: Verb {
    static let name = "send"
    static let summary = "Send an Event: each Task on its type gets a Processing"
    static let discussion = """
        An Event of a type and id that was sent before does nothing, so that sending twice is safe; --force sends it again.
        Inside a sandbox it is the Script that sends.
        """
    static let examples = [
        Example("altp event send scene --id LC08_193026 --param scene=LC08_193026", "Process one scene."),
        Example(
            "altp event send scene --id LC08_193026 --params '{\"scene\": \"LC08_193026\", \"cloud_max\": 60}' --force",
            "Once more, with another parameter."),
    ]

    @Argument("TYPE", help: "The type of Event, which Tasks name in on_event.") var type: String
    @Option("id", placeholder: "ID", help: "What makes it one of a kind within its type. Required.") var key: String?
    var params = ParameterOptions()
    @Flag("force", help: "Send it although an Event of this type and id was sent before.") var force
    @Flag("wait", short: "w", help: "Wait for the Processings' end; exit with 1 unless all are successes.") var wait
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        if key == nil { throw UsageError("--id is missing: what makes the Event one of a kind within its type") }
        _ = try params.values()
    }

    func run(in context: Context) throws {
        let interruption = wait ? Interruption.install() : nil
        let client = launcher.client(context, interruption: interruption)
        let body = SendEvent(type: type, key: key ?? "", params: try params.values(), force: force ? true : nil)
        let response = try client.post("/events", body)
        let receipt = try client.decode(EventReceiptView.self, response.body)
        if format.format == .json {
            try context.printJSON(response.body)
        } else {
            try context.output.print(Self.sentence(receipt))
        }
        if let interruption {
            try Waiting.wait(for: receipt.event.processings ?? [], client, interruption, context)
        }
    }

    static func sentence(_ receipt: EventReceiptView) -> String {
        let event = receipt.event
        let name = Printable.line("Event \(event.id) (\(event.type) \(event.key))")
        let numbers = (event.processings ?? []).map { "\($0)" }.joined(separator: ", ")
        let caused = numbers.isEmpty ? "no Task is on this type" : "Processing \(numbers)"
        return receipt.duplicate
            ? "\(name) was sent before: \(caused). Nothing was done; --force sends it again."
            : "\(name) is sent: \(caused)."
    }
}

struct EventList: Verb {
    static let name = "list"
    static let summary = "List the Events, newest first"
    static let examples = [
        Example("altp event list --type scene --limit 20", "The last twenty scenes that were found.")
    ]

    @Option("type", placeholder: "TYPE", help: "Only Events of this type.") var types: [String]
    var range = RangeOptions()
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) { try range.validate() }

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let query = types.map { HTTPRequest.QueryItem(name: "type", value: $0) }
        let page = try client.list(EventView.self, "/events", query, limit: range.limit(in: format.format))
        guard format.format == .table else { return try context.printJSON(try WireJSON.encode(page)) }
        var table = Table([
            .init("ID", alignsRight: true), .init("TYPE"), .init("KEY", flexible: 12), .init("PARAMS", flexible: 10),
            .init("SOURCE", flexible: 8), .init("AGE", alignsRight: true),
        ])
        for event in page.items {
            table.add([
                .init("\(event.id)"), .init(event.type), .init(event.key), .init(ParameterText.line(event.params)),
                .init(event.source), .init(TimeText.age(of: event.createdAt.milliseconds, at: context.now)),
            ])
        }
        try context.print(table)
        try range.sayIfMore(page.next != nil, page.items.count, in: context)
    }
}

/// How much of a list that may be long.
struct RangeOptions: OptionGroup {
    @Option("limit", short: "n", placeholder: "N", help: "At most so many, the newest; 50 unless given.") var most: Int?
    @Flag("all", short: "a", help: "All of them.") var all

    private static let usual = 50

    func validate() throws(UsageError) {
        if let most, most < 1 { throw UsageError("--limit: \(most) is less than 1") }
        if most != nil, all { throw UsageError("--limit and --all exclude each other") }
    }

    func limit(in format: OutputFormat) -> Int? { all ? nil : most ?? Self.usual }

    /// On the error output, so that a pipe gets the list alone.
    func sayIfMore(_ more: Bool, _ shown: Int, in context: Context) throws {
        if more { try context.errors.print("These are the newest \(shown); --limit N shows more, --all shows all.") }
    }
}
