import Configuration
import Wire

/// Which Processings are meant, where they are not named.
struct SelectionOptions: OptionGroup {
    @Option("status", short: "s", placeholder: "STATUS", help: "Those of this status.") var statuses: [StatusName]
    @Option("task", short: "t", placeholder: "NAME", help: "Those of this Task.") var tasks: [String]
    @Option("outcome", placeholder: "OUTCOME", help: "Those that ended with this outcome.") var outcomes: [OutcomeName]
    @Option("at", placeholder: "SCRIPT", help: "Those that run, ended or failed at this Script.") var scripts: [String]
    @Option("cause", placeholder: "FINGERPRINT", help: "Those that failed of this cause, as altp causes names it.")
    var causes: [String]
    @Option("label", placeholder: "KEY:VALUE", help: "Those with this label.") var labels: [LabelArgument]
    @Option("since", placeholder: "TIME", help: "Those created so long ago at most, such as 2h.") var since: Timespan?
    @Option("limit", placeholder: "N", help: "At most so many, the oldest first.") var limit: Int?
    @Flag("dry-run", short: "n", help: "Only say what would be done, and what not.") var isDry

    private var isGiven: Bool {
        !statuses.isEmpty || !tasks.isEmpty || !outcomes.isEmpty || !scripts.isEmpty || !causes.isEmpty
            || !labels.isEmpty || since != nil
    }

    /// - Parameters:
    ///   - isNamed: a Processing is named on the command line.
    ///   - argument: by what.
    func validate(beside isNamed: Bool, _ argument: String) throws(UsageError) {
        if isNamed, isGiven || isDry || limit != nil {
            throw UsageError(
                "\(argument) names what is meant: --status and the like, --limit and --dry-run are for many")
        }
        guard isNamed || isGiven else {
            throw UsageError("\(argument) is missing, or a filter such as --status failed --task NAME")
        }
    }

    private func selection(_ context: Context) -> ProcessingSelection {
        func list(_ values: [String]) -> [String]? { values.isEmpty ? nil : values }
        return ProcessingSelection(
            status: list(statuses.map(\.rawValue)), outcome: list(outcomes.map(\.rawValue)), task: list(tasks),
            script: list(scripts), cause: list(causes), label: list(labels.map(\.text)),
            since: since.map { Timestamp(milliseconds: context.now - $0.milliseconds).description })
    }

    /// Does it with all of them, and says what became of it.
    /// - Throws: `ExitStatus.failure` when it was refused for one of them.
    func act(
        _ action: ActOnProcessings.Action, _ client: LauncherClient, _ context: Context, from: String? = nil,
        current: Bool? = nil
    ) throws {
        let body = ActOnProcessings(
            action: action, query: selection(context), limit: limit, from: from, current: current,
            dryRun: isDry ? true : nil)
        let response = try client.post("/processings/actions", body)
        let view = try client.decode(ActionsView.self, response.body)
        try context.output.print(Self.text(view), terminator: "")
        if view.refused > 0 { throw ExitStatus.failure }
    }

    static func text(_ view: ActionsView) -> String {
        guard view.total > 0 else { return "There is no such Processing.\n" }
        let verb = view.dryRun ? "would be done for" : "done for"
        var text = "\(view.action): \(verb) \(count(view.done))"
        text += view.refused > 0 ? ", not for \(view.refused):\n" : ".\n"
        for item in view.items where item.result == "refused" {
            text += "  \(item.processing): \(Printable.line(item.detail ?? ""))\n"
        }
        if view.more { text += "There are more of them: give the command again.\n" }
        return text
    }

    private static func count(_ number: Int) -> String { number == 1 ? "1 Processing" : "\(number) Processings" }
}
