import Wire

struct DeliveryList: Verb {
    static let name = "list"
    static let summary = "List who was told of which Processing's end, newest first"
    static let discussion = """
        notify in altp.yaml says who is told. A delivery that fails is tried again for hours; one that is given up stays
        on the list, and altp delivery redeliver tries it again.
        """
    static let examples = [
        Example("altp deliveries --state failed", "Those that were given up."),
        Example("altp deliveries --processing 42", "Who was told of Processing 42."),
    ]

    enum State: String, CaseIterable, ArgumentValue { case waiting, delivered, failed }

    @Option("state", placeholder: "STATE", help: "Only those of this state.") var state: State?
    @Option("target", placeholder: "NAME", help: "Only those to this one of notify.") var target: String?
    @Option("processing", placeholder: "ID", help: "Only those of this Processing.") var processing: Int?
    var range = RangeOptions()
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) { try range.validate() }

    func run(in context: Context) throws {
        let client = launcher.client(context)
        var query: [HTTPRequest.QueryItem] = []
        if let state { query.append(.init(name: "state", value: state.rawValue)) }
        if let target { query.append(.init(name: "target", value: target)) }
        if let processing { query.append(.init(name: "processing", value: "\(processing)")) }
        let page = try client.list(DeliveryView.self, "/deliveries", query, limit: range.limit(in: format.format))
        guard format.format == .table else { return try context.printJSON(try WireJSON.encode(page)) }
        var table = Table([
            .init("ID", alignsRight: true), .init("TARGET"), .init("PROCESSING", alignsRight: true), .init("STATUS"),
            .init("STATE"), .init("TRIES", alignsRight: true), .init("AGE", alignsRight: true),
            .init("ERROR", flexible: 10),
        ])
        for delivery in page.items {
            table.add([
                .init("\(delivery.id)"), .init(delivery.target), .init("\(delivery.processing)"),
                .init(delivery.status),
                .init(delivery.state), .init("\(delivery.tries)"),
                .init(TimeText.age(of: delivery.createdAt.milliseconds, at: context.now)),
                .init(delivery.error ?? ""),
            ])
        }
        try context.print(table)
        try range.sayIfMore(page.next != nil, page.items.count, in: context)
    }
}

struct Redeliver: Verb {
    static let name = "redeliver"
    static let summary = "Try a delivery again now, whatever became of it"
    static let examples = [Example("altp delivery redeliver 7", "As altp deliveries lists it.")]

    @Argument("ID", help: "The delivery.") var id: Int
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let delivery = try client.decode(
            DeliveryView.self, try client.post("/deliveries/\(id)/redeliver").body)
        try context.output.print(
            Printable.line(
                "\(delivery.target) is told again that Processing \(delivery.processing) ended: \(delivery.status)."))
    }
}
