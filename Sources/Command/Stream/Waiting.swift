import Wire

/// Waits for Processings, for the verbs with --wait: follows the stream, so that an end is known as soon as it is recorded.
enum Waiting {
    private static let interval = 250
    /// Longer than the Launcher is silent.
    private static let patience = 45_000
    /// More than these are not named one by one.
    private static let mostNamed = 200

    /// What a wait ends with; nothing is wrong.
    private struct Over: Error {}

    /// Says how each ended, in the order of the list.
    /// - Throws: `ExitStatus.failure` when one was no success.
    static func wait(
        for ids: [Int64], _ client: LauncherClient, _ interruption: Interruption, _ context: Context
    ) throws {
        var ended: [Int64: ProcessingView] = [:]
        var told = 0
        func tell() throws {
            while told < ids.count, let processing = ended[ids[told]] {
                let reason = processing.reason.map { ": \($0)" } ?? ""
                try context.output.print(
                    Printable.line("Processing \(processing.id) \(ProcessingText.status(processing))\(reason)"))
                told += 1
            }
        }
        while true {
            try look(at: ids, &ended, client)
            try tell()
            if told == ids.count { break }
            do {
                try follow(ids, &ended, client, tell: tell)
            } catch is Over {
                break
            }
            // The Launcher has stopped. That it cannot be reached is said by the next look.
            try interruption.sleep(milliseconds: interval)
        }
        if ended.values.contains(where: { $0.status != "success" }) { throw ExitStatus.failure }
    }

    private static func look(at ids: [Int64], _ ended: inout [Int64: ProcessingView], _ client: LauncherClient) throws {
        for id in ids where ended[id] == nil {
            let processing = try client.processing(id)
            if ProcessingText.isFinal(processing) { ended[id] = processing }
        }
    }

    /// - Throws: `Over` once all have ended.
    private static func follow(
        _ ids: [Int64], _ ended: inout [Int64: ProcessingView], _ client: LauncherClient, tell: () throws -> Void
    ) throws {
        var query = [HTTPRequest.QueryItem(name: "topic", value: "processings")]
        if ids.count <= mostNamed { query += ids.map { .init(name: "processing", value: "\($0)") } }
        var reader = MessageReader()
        try client.download(
            HTTPRequest(method: "GET", path: WirePath.root + "/stream", query: query), patience: patience
        ) { piece in
            for message in try reader.feed(piece) {
                if message.event == "processing" {
                    let change = try client.decode(ProcessingChangeView.self, Array(message.data.utf8))
                    let processing = change.processing
                    if change.change == "ended", ids.contains(processing.id) { ended[processing.id] = processing }
                    // One that ended before another did may go on again meanwhile; it is waited for once.
                } else {
                    // What ended before the stream began is not told by it.
                    try look(at: ids, &ended, client)
                }
                try tell()
                if ids.allSatisfy({ ended[$0] != nil }) { throw Over() }
            }
        }
    }
}
