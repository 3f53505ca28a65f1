import Wire

struct HostStatus: Verb {
    static let name = "status"
    static let summary = "Show the Launcher: version, folders, what is under way"
    static let examples = [Example("altp status", "Whether the Launcher runs, and since when.")]

    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.get("/host")
        guard format.format == .table else { return try context.printJSON(response.body) }
        let host = try client.decode(HostView.self, response.body)
        let age = TimeText.duration(context.now - host.startedAt.milliseconds)
        var facts = [
            ("Launcher", "\(host.version), up for \(age)"),
            (client.name.hasPrefix("/") ? "Socket" : "Server", client.name),
            ("Configuration", host.configuration), ("State", host.state),
            ("Tasks", "\(host.tasks)" + (host.pausedTasks > 0 ? ", \(host.pausedTasks) paused" : "")),
            ("Processings", "\(host.processings.waiting) waiting, \(host.processings.running) running"),
        ]
        if host.withoutSandboxes {
            facts.append(("Sandboxes", "NONE: nothing is isolated (--without-sandboxes)"))
        }
        try context.output.print(FactList.render(facts, style: context.output.style), terminator: "")
    }
}

struct Stop: Verb {
    static let name = "stop"
    static let summary = "Stop the Launcher; running Scripts go on and the next one takes them up"
    static let examples = [Example("altp stop --stop-scripts", "End the running Scripts too, and wait for them.")]

    @Flag("stop-scripts", help: "End the running Scripts too.") var stopScripts
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try launcher.client(context).post("/host/stop", StopHost(stopScripts: stopScripts ? true : nil))
        try context.output.print("The Launcher is stopping.")
    }
}
