import Command
import Configuration
import Glibc
import Sandbox

/// What building and importing have in common: a draft that becomes an image when all went well, and else is removed.
struct ImageMaking {
    let name: String
    let store: ImageStore
    let context: Context
    /// Shows everything that the tools print.
    let isVerbose: Bool
    private let interruption = Interruption.install()

    init(_ name: String, in store: ImageStore, context: Context, isVerbose: Bool) {
        self.name = name
        self.store = store
        self.context = context
        self.isVerbose = isVerbose
    }

    /// - Parameter body: fills the draft's folder, at this path, with a `root`.
    func make(_ body: (ImageMaking, _ path: String) throws -> ImageRecord) throws {
        let started = context.now
        do {
            let draft = try ImageDraft(of: name, in: store)
            let record: ImageRecord
            do {
                record = try body(self, draft.path)
                // Up to here Ctrl-C leaves everything as it was.
                try interruption.sleep(milliseconds: 0)
            } catch {
                try draft.discard().map(tell)
                throw error
            }
            for leftover in try draft.publish(record) { try tell(leftover) }
        } catch let error as SandboxError {
            throw CommandFailure(Printable.lines(error.description))
        } catch let status as ExitStatus {
            try context.errors.print("altp rootfs: interrupted; nothing was changed")
            throw status
        }
        guard let image = try images({ () throws(SandboxError) in try store.image(name) }) else { return }
        let seconds = (context.now - started + 999) / 1000
        try context.output.print(
            "\(Printable.line(name)): \(max(1, image.record.size >> 20))M in \(Printable.line(image.root)), after \(seconds)s"
        )
    }

    func progress(_ text: String) throws { try context.errors.print("altp rootfs: \(Printable.line(text))") }

    /// Runs a tool; its output is shown when all is to be shown, else only its lines that `phase` makes something of.
    func run(
        _ tool: Tool, _ arguments: [String], network: Bool, phase: (String) -> String? = { _ in nil }
    ) throws {
        try tool.run(arguments, network: network, interruption: interruption) { line in
            if isVerbose {
                try context.errors.print(Printable.line(line))
            } else if let text = phase(line) {
                try progress(text)
            }
        }
    }

    /// What a tree takes up on the disk.
    func size(of path: String) throws -> Int64 {
        var size: Int64 = 0
        try Tool("du", package: "coreutils").run(
            ["--summarize", "--one-file-system", "--block-size=1", path], network: false, interruption: interruption
        ) { line in size = line.split(separator: "\t").first.flatMap { Int64($0) } ?? size }
        return size
    }

    private func tell(_ leftover: Leftover) throws {
        try context.errors.print("altp rootfs: caution: \(Printable.line(leftover.description))")
    }
}
