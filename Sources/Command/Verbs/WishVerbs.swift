import Configuration
import Wire

// What a Script asks for beside its end. Each returns at once, and the Script goes on.

struct Again: Verb {
    static let name = "again"
    static let summary = "Have the Script run again after a while, without counting it as a retry"
    static let discussion = """
        The Script goes on, and ends as it wishes: as a success or softly (75). At that time, counted from now on, its next
        attempt may start; `again` of the Script's `retry` bounds how often. If it ends otherwise, that is what counts.
        """
    static let examples = [
        Example("altp again 10m --reason \"not published yet\"", "Look once more in ten minutes.")
    ]

    @Argument("TIME", help: "From now on, such as 10m; 7d at most.") var time: Timespan
    @Option("reason", placeholder: "TEXT", help: "Why; altp why and the history say it.") var reason: String?
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try context.requireSandbox("again is asked from inside a Script")
        let client = launcher.client(context)
        let response = try client.post("/self/again", AskAgain(seconds: time.seconds, reason: reason))
        let view = try client.decode(AgainView.self, response.body)
        try context.output.print(
            "Run again at \(TimeText.full(view.at.milliseconds)), if this attempt ends as a success or softly.")
    }
}

struct SkipRestVerb: Verb {
    static let name = "skip-rest"
    static let summary = "Leave out the Scripts after this one, if it is a success"
    static let discussion = "The Script goes on. If it ends as a success, the Processing does too."
    static let examples = [
        Example("altp skip-rest --reason \"all clouds\"", "Nothing to do for the rest of the chain.")
    ]

    @Option("reason", placeholder: "TEXT", help: "Why; the Processing's history says it.") var reason: String?
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try context.requireSandbox("skip-rest is asked from inside a Script")
        try launcher.client(context).post("/self/skip-rest", SkipRest(reason: reason))
        try context.output.print("The Scripts after this one are left out, if it ends as a success.")
    }
}

struct Reserve: Verb {
    static let name = "reserve"
    static let summary = "Have at least so much time from now on"
    static let discussion = "It extends the Script's wall_time as far as its policy's wall_time_max allows."
    static let examples = [
        Example("altp reserve 20m --reason \"a large scene\"", "Do not be ended within twenty minutes.")
    ]

    @Argument("TIME", help: "From now on, such as 20m.") var time: Timespan
    @Option("reason", placeholder: "TEXT", help: "Why; the Processing's history says it.") var reason: String?
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try context.requireSandbox("time is reserved from inside a Script")
        let client = launcher.client(context)
        let response = try client.post("/self/reserve", ReserveTime(seconds: time.seconds, reason: reason))
        let view = try client.decode(WallTimeView.self, response.body)
        let limit = Timespan(milliseconds: view.wallMilliseconds)
        try context.output.print(
            "It may run until \(TimeText.full(view.deadline.milliseconds)), for \(limit) altogether.")
    }
}
