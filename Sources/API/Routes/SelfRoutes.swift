import Configuration
import Wire

extension RouteTable {
    static let own: [Route] = [
        Route(
            .get, "\(root)/self", "What the calling Script is", .script(.`self`), response: .json(SelfView.self)
        ) { service, call throws(Problem) in try await service.showSelf(call) },
        Route(
            .post, "\(root)/self/progress", "Report progress", .script(.`self`), body: ReportProgress.self,
            response: .json(AcceptedView.self)
        ) { service, call throws(Problem) in try await service.reportProgress(call) },
        Route(
            .post, "\(root)/self/end", "End the calling Script with a result and a reason", .script(.`self`),
            body: EndSelf.self, success: 202, response: .json(AcceptedView.self)
        ) { service, call throws(Problem) in try await service.endSelf(call) },
        Route(
            .post, "\(root)/self/pause-task", "Pause the calling Script's Task", .script(.`self`),
            body: PauseTask.self, response: .json(TaskView.self)
        ) { service, call throws(Problem) in try await service.pauseOwnTask(call) },
    ]
}
