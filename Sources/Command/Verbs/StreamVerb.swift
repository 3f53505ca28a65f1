import Wire

struct StreamVerb: Verb {
    static let name = "stream"
    static let summary = "Print what happens as lines of JSON, for programs"
    static let discussion = """
        Each line is one message: {"event": …, "id": …, "data": …}. The first is `ready`, or `reset` when changes after --after
        are not kept any more. When the Launcher is started anew it goes on where it was, and nothing is left out.
        """
    static let examples = [
        Example("altp stream --topic processings --task landsat-scene", "What becomes of one Task's Processings."),
        Example("altp stream --after 1204", "All that has happened after the message with the id 1204."),
        Example("altp stream --topic log:42/calibrate#1", "A log as it grows, with offsets."),
    ]

    @Option(
        "topic", placeholder: "TOPIC",
        help: "processings, attempts, events, tasks, host, progress, or log:REF[@OFFSET]; all but logs unless given.")
    var topics: [String]
    @Option("task", short: "t", placeholder: "NAME", help: "Only what belongs to this Task.") var tasks: [String]
    @Option("processing", placeholder: "ID", help: "Only what belongs to this Processing.") var processings: [Int]
    @Option("after", placeholder: "ID", help: "Begin after the message with this id.") var after: Int?
    var launcher = LauncherOptions()

    /// Longer than the Launcher is silent.
    private static let patience = 45_000

    func run(in context: Context) throws {
        let interruption = Interruption.install()
        let client = launcher.client(context, interruption: interruption)
        var last = after.map { "\($0)" }
        var isFirst = true
        while true {
            do {
                try follow(client, &last, &isFirst, context)
            } catch let failure as CommandFailure where !isFirst && failure.status == .unreachable {
                try context.errors.print("altp: \(failure) Trying again.")
            }
            try interruption.sleep(milliseconds: 1000)
        }
    }

    private func follow(
        _ client: LauncherClient, _ last: inout String?, _ isFirst: inout Bool, _ context: Context
    ) throws {
        var query = topics.map { HTTPRequest.QueryItem(name: "topic", value: $0) }
        query += tasks.map { .init(name: "task", value: $0) }
        query += processings.map { .init(name: "processing", value: "\($0)") }
        if let last { query.append(.init(name: "last_event_id", value: last)) }
        var reader = MessageReader()
        let request = HTTPRequest(method: "GET", path: WirePath.root + "/stream", query: query)
        try client.download(request, patience: Self.patience) { piece in
            for message in try reader.feed(piece) {
                // Where it begins again, that is known already.
                defer { last = message.id ?? last }
                if message.event == "ready", !isFirst { continue }
                isFirst = false
                try context.output.print(Self.line(message))
            }
        }
    }

    static func line(_ message: MessageReader.Message) -> String {
        // The data is JSON; the rest are words and numbers of the Launcher's.
        let isNumbered = !["progress", "log"].contains(message.event)
        let id = isNumbered ? message.id.flatMap { Int64($0) }.map { #","id":\#($0)"# } ?? "" : ""
        return #"{"event":"\#(message.event.filter { $0.isLetter || $0 == "_" })"\#(id),"data":\#(message.data)}"#
    }
}
