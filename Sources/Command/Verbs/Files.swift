import Configuration
import Wire

/// A path as the attempt saw it; a relative one is below its working directory /scratch.
private func sandboxPath(_ path: String?) -> String {
    guard let path else { return "/scratch" }
    return path.hasPrefix("/") ? path : "/scratch/\(path)"
}

struct Files: Verb {
    static let name = "files"
    static let summary = "List the files that an attempt left"
    static let discussion = """
        A Processing stands for the last attempt of the Script it is at, 42/calibrate for the last attempt of calibrate.
        Paths are as the Script saw them: below /scratch, /processing, and of a rootfs that is not the host's what it has
        written. altp cat prints a file.
        """
    static let examples = [
        Example("altp files 42", "What is in /scratch of the Script that failed."),
        Example("altp files 42/load#1 /processing", "What the Scripts share, as load's first attempt saw it."),
    ]

    @Argument("REF", help: "The Processing, Script or attempt, such as 42, 42/calibrate or 42/calibrate#2.")
    var reference: Reference
    @Argument("PATH", help: "A directory; /scratch unless given.") var path: String?
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let attempt = try client.attempt(reference)
        var items: [FileView] = []
        var (cursor, isCut) = (String?.none, false)
        repeat {
            var query = [
                HTTPRequest.QueryItem(name: "path", value: sandboxPath(path)), .init(name: "limit", value: "500"),
            ]
            if let cursor { query.append(.init(name: "cursor", value: cursor)) }
            let response = try client.get("\(LauncherClient.path(of: attempt))/files", query)
            let page = try client.decode(FilesView.self, response.body)
            items += page.items
            (cursor, isCut) = (page.next, isCut || page.cut == true)
        } while cursor != nil
        guard format.format == .table else {
            return try context.printJSON(try WireJSON.encode(FilesView(items: items, cut: isCut ? true : nil)))
        }
        var table = Table([
            .init("MODE"), .init("OWNER", alignsRight: true), .init("SIZE", alignsRight: true), .init("CHANGED"),
            .init("NAME"),
        ])
        for item in items {
            let mode = String(item.mode, radix: 8)
            table.add([
                .init("\(Self.letter(item.kind))\(String(repeating: "0", count: max(0, 4 - mode.count)))\(mode)"),
                .init(item.uid.map { "\($0)" } ?? "?"), .init(item.kind == "file" ? SizeText.short(item.size) : "-"),
                .init(TimeText.full(item.modifiedAt.milliseconds)),
                .init(item.name + (item.target.map { " -> \($0)" } ?? "")),
            ])
        }
        try context.print(table)
        if isCut { try context.errors.print("altp files: there are more, of which nothing is known") }
    }

    private static func letter(_ kind: String) -> String {
        switch kind {
        case "file": "-"
        case "fifo": "p"
        case "device": "b"
        default: String(kind.prefix(1))
        }
    }
}

struct Cat: Verb {
    static let name = "cat"
    static let summary = "Print a file that an attempt left"
    static let discussion = """
        The file is written as it is, whatever is in it: send what is no text into a file of your own. Links are not followed.
        """
    static let examples = [
        Example("altp cat 42 /scratch/settings.ini", "Of the Script that failed."),
        Example("altp cat 42/load /processing/scene.txt", "Of what the Scripts share."),
    ]

    @Argument("REF", help: "The Processing, Script or attempt, such as 42, 42/calibrate or 42/calibrate#2.")
    var reference: Reference
    @Argument("PATH", help: "The file, as the Script saw it; a relative path is below /scratch.") var path: String
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context, interruption: Interruption.install())
        let attempt = try client.attempt(reference)
        let request = HTTPRequest(
            method: "GET", path: "\(WirePath.root)\(LauncherClient.path(of: attempt))/file",
            query: [.init(name: "path", value: sandboxPath(path))])
        try client.download(request) { try context.output.write($0) }
    }
}
