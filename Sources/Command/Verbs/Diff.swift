import Configuration
import Wire

struct Diff: Verb {
    static let name = "diff"
    static let summary = "List what a Script added, changed and removed"
    static let discussion = """
        A Processing stands for the last attempt of the Script it is at, 42/calibrate for the last attempt of calibrate.
        + is added, ~ changed, - removed: in /scratch, which begins empty; in /processing, against what it held before the
        attempt; and of a rootfs that is not the host's, against its image. What a session changed after the attempt had
        ended says so.
        """
    static let examples = [
        Example("altp diff 42", "Of the Script that failed."),
        Example("altp diff 42/load#1 -o json", "Of load's first attempt, with modes and times."),
    ]

    @Argument("REF", help: "The Processing, Script or attempt, such as 42, 42/calibrate or 42/calibrate#2.")
    var reference: Reference
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let attempt = try client.attempt(reference)
        let response = try client.get("\(LauncherClient.path(of: attempt))/changes")
        guard format.format == .table else { return try context.printJSON(response.body) }
        let view = try client.decode(ChangesView.self, response.body)
        try context.output.print(Self.text(view, style: context.output.style), terminator: "")
    }

    static func text(_ view: ChangesView, style: Style) -> String {
        var text = "\(view.reference)\n"
        for tree in view.trees {
            text += style(Printable.line(tree.place), .bold) + "\n"
            if let obstacle = tree.obstacle {
                text += "  not known: \(Printable.line(obstacle))\n"
            } else if tree.changes.isEmpty {
                text += tree.cut ? "" : "  nothing\n"
            }
            for change in tree.changes { text += line(change, style: style) }
            if tree.cut { text += "  … and more than is looked at\n" }
        }
        return text
    }

    private static func line(_ change: ChangesView.Change, style: Style) -> String {
        let (sign, face): (String, Style.Face) =
            switch change.change {
            case "added": ("+", .green)
            case "removed": ("-", .red)
            default: ("~", .yellow)
            }
        var facts: [String] = []
        switch change.kind {
        case "file": facts.append(SizeText.short(change.size))
        case "directory": break
        default: facts.append(change.kind)
        }
        if let before = change.sizeBefore, change.kind == "file", before != change.size {
            facts.append("was \(SizeText.short(before))")
        }
        if change.later { facts.append("in a session") }
        let path = Printable.line(change.path) + (change.kind == "directory" ? "/" : "")
        let end = facts.isEmpty ? "" : "  " + style(Printable.line(facts.joined(separator: ", ")), .dim)
        return "  \(style(sign, face)) \(path)\(end)\n"
    }
}

extension LauncherClient {
    /// The attempt that a reference stands for.
    func attempt(_ reference: Reference) throws -> Reference {
        if reference.attempt != nil { return reference }
        if let attempt = try Logs.attempt(of: processing(reference.processing), script: reference.script) {
            return attempt
        }
        throw CommandFailure(
            "\(Printable.line("\(reference)")) has not run yet. Ask why: altp why \(reference.processing)")
    }

    /// - Precondition: it names one attempt.
    static func path(of attempt: Reference) -> String {
        "/processings/\(attempt.processing)/scripts/\(HTTPRequest.encode(attempt.script ?? ""))/attempts/"
            + "\(attempt.attempt ?? 0)"
    }
}
