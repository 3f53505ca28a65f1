import Wire

struct Logs: Verb {
    static let name = "logs"
    static let summary = "Print what a Script wrote"
    static let discussion = """
        A Processing stands for the last attempt of the Script it is at, 42/calibrate for the last attempt of calibrate.
        In a pipe the bytes are the Script's own; on a terminal control characters other than line feeds, tabs and
        colours are made visible.
        """
    static let examples = [
        Example("altp logs 42", "Of the Script it is at, or failed at."),
        Example("altp logs 42/load#1 --tail 20", "The last twenty lines of load's first attempt."),
        Example("altp logs -f 42/calibrate", "As it is written, until the attempt ends."),
    ]

    @Argument("REF", help: "The Processing, Script or attempt, such as 42, 42/calibrate or 42/calibrate#2.")
    var reference: Reference
    @Flag("follow", short: "f", help: "Go on printing until the attempt ends.") var follow
    @Option("tail", short: "n", placeholder: "N", help: "Only the last N lines, and what follows them.") var tail: Int?
    var launcher = LauncherOptions()

    private static let pollInterval = 250

    func validate() throws(UsageError) {
        if let tail, tail < 0 { throw UsageError("--tail: \(tail) is less than 0") }
    }

    func run(in context: Context) throws {
        let interruption = Interruption.install()
        let client = launcher.client(context, interruption: interruption)
        let attempt = try resolve(client, interruption)
        let source = LogSource(client: client, attempt: attempt)
        var filter = context.output.isTerminal ? LogFilter() : nil
        // A log that ends in the middle of a colour must not paint the shell's prompt.
        defer {
            if var rest = filter { try? context.output.write(rest.finish()) }
        }
        var offset = try tail.map { try source.offset(ofLast: $0) } ?? 0
        if follow {
            try source.follow(from: offset) { try context.output.write(filter?.feed($0) ?? $0) }
            return
        }
        while true {
            let piece = try source.read(from: offset)
            offset += Int64(piece.bytes.count)
            try context.output.write(filter?.feed(piece.bytes) ?? piece.bytes)
            if offset >= piece.size || piece.bytes.isEmpty { return }
        }
    }

    /// The attempt that the reference stands for; with `--follow` it is waited for.
    private func resolve(_ client: LauncherClient, _ interruption: Interruption) throws -> Reference {
        if reference.attempt != nil { return reference }
        while true {
            let processing = try client.processing(reference.processing)
            if let attempt = try Self.attempt(of: processing, script: reference.script) { return attempt }
            guard follow, !ProcessingText.isFinal(processing) else {
                let what =
                    reference.script.map { "\(Printable.line($0)) of Processing \(processing.id)" }
                    ?? "Processing \(processing.id)"
                throw CommandFailure("\(what) has not run yet, so there is no log. Ask why: altp why \(processing.id)")
            }
            try interruption.sleep(milliseconds: Self.pollInterval)
        }
    }

    /// - Returns: nil while there is none.
    static func attempt(of processing: ProcessingView, script: String?) throws(CommandFailure) -> Reference? {
        let scripts = processing.scripts ?? []
        if let script {
            guard let found = scripts.first(where: { $0.name == script }) else {
                let names = scripts.map(\.name)
                throw CommandFailure(
                    "Processing \(processing.id) has no Script \(Printable.line(script))"
                        + suggestion(for: script, among: names)
                        + (names.isEmpty ? "" : " Its chain: \(Printable.line(names.joined(separator: ", ")))."))
            }
            return found.attempts.last.map { Reference(processing: processing.id, script: script, attempt: $0.number) }
        }
        let current = scripts.first { $0.name == processing.script && !$0.attempts.isEmpty }
        // Between two Scripts the next one has no attempt yet: the last that ran is meant.
        guard let found = current ?? scripts.last(where: { !$0.attempts.isEmpty }), let last = found.attempts.last
        else { return nil }
        return Reference(processing: processing.id, script: found.name, attempt: last.number)
    }
}

/// An attempt's log, read in pieces.
struct LogSource {
    let client: LauncherClient
    let attempt: Reference

    struct Piece {
        var bytes: [UInt8]
        /// The log's, when the piece was read.
        var size: Int64
    }

    private static let pieceSize: Int64 = 1 << 20

    /// It may be silent for as long as its Script is.
    private static let patience = 100 * 365 * 86_400_000

    private var path: String {
        let script = HTTPRequest.encode(attempt.script ?? "")
        return "/processings/\(attempt.processing)/scripts/\(script)/attempts/\(attempt.attempt ?? 0)/log"
    }

    /// Reads on as it grows, until the attempt has ended.
    func follow(from offset: Int64, _ take: ([UInt8]) throws -> Void) throws {
        let request = HTTPRequest(
            method: "GET", path: WirePath.root + path,
            query: [.init(name: "follow", value: "1"), .init(name: "offset", value: "\(offset)")])
        try client.download(request, patience: Self.patience, onPiece: take)
    }

    func read(from offset: Int64, limit: Int64 = pieceSize) throws -> Piece {
        let response = try client.get(
            path,
            [.init(name: "offset", value: "\(offset)"), .init(name: "limit", value: "\(limit)")])
        guard let size = response.header(LogHeader.size.lowercased()).flatMap({ Int64($0) }) else {
            throw CommandFailure(
                "the Launcher's answer does not say how long the log is. Are both of the same version?")
        }
        return Piece(bytes: response.body, size: size)
    }

    /// Where the last `count` lines begin.
    func offset(ofLast count: Int) throws -> Int64 {
        var end = try read(from: 0, limit: 1).size
        guard count > 0 else { return end }
        var finder = TailFinder(lines: count)
        while end > 0 {
            let start = max(0, end - (64 << 10))
            let piece = try read(from: start, limit: end - start).bytes
            guard Int64(piece.count) == end - start else { return start }
            if let index = finder.look(at: piece) { return start + Int64(index) }
            end = start
        }
        return 0
    }
}

/// Finds where the last lines of a text begin, whose pieces it is shown from the last to the first.
struct TailFinder {
    private var missing: Int
    private var isLast = true

    /// - Parameter lines: at least 1.
    init(lines: Int) { missing = lines }

    /// - Returns: the index in this piece, when the lines begin in it.
    mutating func look(at piece: [UInt8]) -> Int? {
        for index in piece.indices.reversed() where piece[index] == 0x0A {
            // The line feed that ends the text ends its last line and begins none.
            if isLast, index == piece.count - 1 { continue }
            missing -= 1
            if missing == 0 {
                return index + 1
            }
        }
        isLast = false
        return nil
    }
}
