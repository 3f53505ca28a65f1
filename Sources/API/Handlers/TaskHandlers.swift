import Configuration
import Launcher
import Wire

extension APIService {
    func listTasks(_ call: Call) async throws(Problem) -> HTTPResponse {
        let list = try ListRequest(call, sorts: Self.taskSorts, preset: "name", fields: TaskView.listFields)
        let paused = try call.query.flag("paused")
        let descending = list.sort.hasPrefix("-")
        var tasks = await launcher.tasks().filter { paused == nil || $0.paused == paused }
        if let visible = call.caller.visibleTasks { tasks.removeAll { !visible.contains($0.definition.name) } }
        tasks.sort { ($0.definition.name < $1.definition.name) != descending }
        if let place = list.place {
            tasks.removeAll { descending ? $0.definition.name >= place : $0.definition.name <= place }
        }
        let page = tasks.prefix(list.limit)
        return list.response(
            items: try mapped { try list.encode(page.map(TaskView.init)) },
            next: tasks.count > page.count ? page.last?.definition.name : nil)
    }

    static let taskSorts = ["name", "-name"]

    func showTask(_ call: Call) async throws(Problem) -> HTTPResponse { try await answer(call.captures["name"]) }

    /// A Task as it is, with its version.
    private func answer(_ name: String?) async throws(Problem) -> HTTPResponse {
        let state = try await launched { () async throws(LauncherError) in try await launcher.task(name ?? "") }
        return .json(TaskView(state)).with(version: state.version)
    }

    func pauseTask(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(PauseTask.self, from: call.request)
        let name = call.captures["name"] ?? ""
        _ = try await pause(name, reason: body.reason, by: call.caller, if: try Self.precondition(call))
        return try await answer(name)
    }

    func resumeTask(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        let name = call.captures["name"] ?? ""
        let precondition = try Self.precondition(call)
        try await launched { () async throws(LauncherError) in
            try await launcher.resume(task: name, by: call.caller.source, if: precondition)
        }
        return try await answer(name)
    }

    func triggerTask(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(TriggerTask.self, from: call.request)
        if let made = try made(MadeProcessing.self, call) { return try await answer(made.processing, to: call) }
        let id = try await launched { () async throws(LauncherError) in
            try await launcher.trigger(
                task: call.captures["name"] ?? "", params: body.params?.mapValues(\.text) ?? [:],
                by: call.caller.source, receipt: call.receipt)
        }
        return try await answer(id, to: call)
    }

    /// What the Launcher notes of a Processing that it has made, or that runs again.
    struct MadeProcessing: Decodable {
        var processing: Int64
    }

    private func answer(_ id: Int64, to call: Call) async throws(Problem) -> HTTPResponse {
        try await answer(
            try await processing(String(id)), to: call.caller, status: 201,
            headers: [.init("Location", "\(WirePath.root)/processings/\(id)")])
    }

    func pause(
        _ task: String, reason: String?, by caller: Caller, if precondition: Precondition = .none
    ) async throws(Problem) -> TaskView {
        try FieldCheck.line(reason, "reason")
        try await launched { () async throws(LauncherError) in
            try await launcher.pause(task: task, by: caller.source, reason: reason, if: precondition)
        }
        return try await self.task(task)
    }

    private func task(_ name: String?) async throws(Problem) -> TaskView {
        TaskView(
            try await launched { () async throws(LauncherError) in try await launcher.task(name ?? "") })
    }
}
