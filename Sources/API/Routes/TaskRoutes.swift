import Configuration
import Wire

extension RouteTable {
    static let tasks: [Route] = [
        Route(
            .get, "\(root)/tasks", "Every Task with its state", .role(.viewer, script: .task),
            query: [.init("paused", .flag, "Only those that are paused, or only those that are not")]
                + list(sorts: APIService.taskSorts), response: .json(PageView<TaskView>.self)
        ) { service, call throws(Problem) in try await service.listTasks(call) },
        Route(
            .get, "\(root)/tasks/{name}", "One Task with its definition and state", .role(.viewer, script: .task),
            target: .task, response: .json(TaskView.self)
        ) { service, call throws(Problem) in try await service.showTask(call) }.givesVersion(),
        Route(
            .post, "\(root)/tasks/{name}/pause", "Start no Script of the Task until it is resumed",
            .role(.operator, script: .task), target: .task, body: PauseTask.self, response: .json(TaskView.self)
        ) { service, call throws(Problem) in try await service.pauseTask(call) }.asksForVersion(),
        Route(
            .post, "\(root)/tasks/{name}/resume", "Go on with a paused Task", .role(.operator, script: .task),
            target: .task, body: NoInput.self, response: .json(TaskView.self)
        ) { service, call throws(Problem) in try await service.resumeTask(call) }.asksForVersion(),
        Route(
            .post, "\(root)/tasks/{name}/trigger", "Create a Processing of the Task by hand",
            .role(.operator, script: .task), target: .task, body: TriggerTask.self, success: 201,
            response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.triggerTask(call) }.sends(.location),
    ]
}
