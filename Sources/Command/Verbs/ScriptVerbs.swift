import Glibc
import Wire

// What a Script types. The Launcher knows it by the kernel's word for the socket's other end.

extension Context {
    /// - Throws: `CommandFailure` (status 2) when this is no sandbox.
    func requireSandbox(_ message: String) throws(CommandFailure) {
        if !isInsideSandbox { throw CommandFailure("\(message).", status: .usage) }
    }
}

struct Progress: Verb {
    static let name = "progress"
    static let summary = "Report the Script's progress"
    static let examples = [
        Example("altp progress 40 \"calibrating band 4\"", "Seen in altp processing show and altp watch.")
    ]

    @Argument("PERCENT", help: "From 0 to 100.") var percent: Double
    @Argument("TEXT", help: "A line on what it is at.") var text: String?
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        guard (0...100).contains(percent) else { throw UsageError("PERCENT: \(percent) is not between 0 and 100") }
    }

    func run(in context: Context) throws {
        try context.requireSandbox("progress is reported from inside a Script")
        try launcher.client(context).post("/self/progress", ReportProgress(percent: percent, text: text))
    }
}

struct End: Verb {
    static let name = "end"
    static let summary = "End the Script: as a success, softly (it is rerun) or hard"
    static let discussion = "It does not return: the Script's processes are ended."
    static let examples = [
        Example("altp end soft --reason \"the provider is busy\"", "Be rerun later, as the Script's retry says."),
        Example("altp end hard --reason \"band 4 is corrupt\"", "Fail, and be preserved."),
        Example("altp end success", "Done, whatever else still runs."),
    ]

    enum Ending: String, CaseIterable, ArgumentValue { case success, soft, hard }

    @Argument("OUTCOME", help: "How it ends.") var outcome: Ending
    @Option("reason", placeholder: "TEXT", help: "Why; needed for soft and hard.") var reason: String?
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        if outcome != .success, reason?.isEmpty ?? true {
            throw UsageError("--reason is missing: people will want to know why")
        }
    }

    func run(in context: Context) throws {
        try context.requireSandbox("end ends the Script it is called from")
        let ending: EndSelf.Ending =
            switch outcome {
            case .success: .success
            case .soft: .soft
            case .hard: .hard
            }
        try launcher.client(context).post("/self/end", EndSelf(outcome: ending, reason: reason))
        // The Script must not go on past this line while the Launcher ends it.
        sleep(Self.patience)
        throw CommandFailure("the Launcher accepted the end and has not ended the Script within \(Self.patience) s")
    }

    private static let patience: UInt32 = 60
}

struct ShowSelf: Verb {
    static let name = "self"
    static let summary = "Show what the Launcher knows of the Script that asks"
    static let examples = [Example("altp self -o json", "Its reference, parameters and what it may steer.")]

    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try context.requireSandbox("self is asked from inside a Script")
        let client = launcher.client(context)
        let response = try client.get("/self")
        guard format.format == .table else { return try context.printJSON(response.body) }
        let view = try client.decode(SelfView.self, response.body)
        var facts = [("Reference", view.reference.description), ("Task", view.task), ("Control", view.control)]
        if let event = view.event { facts.append(("Event", "\(event)")) }
        for (name, value) in view.params.sorted(by: { $0.key < $1.key }) {
            facts.append(("Param", "\(name)=\(value.text)"))
        }
        try context.output.print(FactList.render(facts, style: context.output.style), terminator: "")
    }
}
