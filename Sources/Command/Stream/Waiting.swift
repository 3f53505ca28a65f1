import Wire

/// Waits for Processings, for the verbs with --wait: follows the stream, so that an end is known as soon as it is recorded.
struct Waiting {
    private static let interval = 250
    /// Longer than the Launcher is silent.
    private static let patience = 45_000
    /// More than these are not named one by one.
    private static let mostNamed = 200

    private let ids: [Int64]
    private let client: LauncherClient
    private let output: Output
    /// As they ended.
    private var ended: [Int64: ProcessingView] = [:]
    /// How many of the list have been told of.
    private var told = 0

    /// Says how each ended, in the order of the list.
    /// - Throws: `ExitStatus.failure` when one was no success.
    static func wait(
        for ids: [Int64], _ client: LauncherClient, _ interruption: Interruption, _ context: Context
    ) throws {
        var waiting = Waiting(ids: ids, client: client, output: context.output)
        try waiting.look()
        while !waiting.isOver {
            do {
                try waiting.follow()
            } catch is Over {
                break
            }
            // The Launcher has stopped. That it cannot be reached is said by the next look.
            try interruption.sleep(milliseconds: interval)
            try waiting.look()
        }
        if waiting.ended.values.contains(where: { $0.status != "success" }) { throw ExitStatus.failure }
    }

    private init(ids: [Int64], client: LauncherClient, output: Output) {
        self.ids = ids
        self.client = client
        self.output = output
    }

    private var isOver: Bool { told == ids.count }

    /// What a stream is left with when there is nothing more to wait for.
    private struct Over: Error {}

    /// Asks for each that is not known to have ended.
    private mutating func look() throws {
        for id in ids where ended[id] == nil {
            let processing = try client.processing(id)
            if ProcessingText.isFinal(processing) { ended[id] = processing }
        }
        try tell()
    }

    /// - Throws: `Over` once all have ended.
    private mutating func follow() throws {
        var query = [HTTPRequest.QueryItem(name: "topic", value: "processings")]
        if ids.count <= Self.mostNamed { query += ids.map { .init(name: "processing", value: "\($0)") } }
        let request = HTTPRequest(method: "GET", path: WirePath.root + "/stream", query: query)
        var reader = MessageReader()
        try client.download(request, patience: Self.patience) { piece in
            for message in try reader.feed(piece) { try take(message) }
        }
    }

    private mutating func take(_ message: MessageReader.Message) throws {
        if message.event == "processing" {
            let change = try client.decode(ProcessingChangeView.self, Array(message.data.utf8))
            guard change.change == "ended", ids.contains(change.processing.id) else { return }
            // One that goes on again while another is waited for has ended all the same.
            ended[change.processing.id] = ended[change.processing.id] ?? change.processing
            try tell()
        } else {
            // What ended before the stream began is not told by it.
            try look()
        }
        if isOver { throw Over() }
    }

    private mutating func tell() throws {
        while told < ids.count, let processing = ended[ids[told]] {
            let reason = processing.reason.map { ": \($0)" } ?? ""
            try output.print(
                Printable.line("Processing \(processing.id) \(ProcessingText.status(processing))\(reason)"))
            told += 1
        }
    }
}
