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
        ) { service, call throws(Problem) in try await service.reportProgress(call) }.named("reportProgress"),
        Route(
            .post, "\(root)/self/end", "End the calling Script with a result and a reason", .script(.`self`),
            body: EndSelf.self, success: 202, response: .json(AcceptedView.self)
        ) { service, call throws(Problem) in try await service.endSelf(call) },
        Route(
            .post, "\(root)/self/pause-task", "Pause the calling Script's Task", .script(.`self`),
            body: PauseTask.self, response: .json(TaskView.self)
        ) { service, call throws(Problem) in try await service.pauseOwnTask(call) }.named("pauseOwnTask"),
        Route(
            .put, "\(root)/self/labels/{key}", "Label the calling Script's Processing", .script(.`self`),
            body: SetLabel.self, response: .json(LabelsView.self)
        ) { service, call throws(Problem) in try await service.labelSelf(call) }.named("setOwnLabel"),
        Route(
            .delete, "\(root)/self/labels/{key}", "Take a label from the calling Script's Processing",
            .script(.`self`), response: .json(LabelsView.self)
        ) { service, call throws(Problem) in try await service.unlabelSelf(call) }.named("removeOwnLabel").fails(
            with: 422),
        Route(
            .post, "\(root)/self/metrics", "Keep a figure with the calling Script's attempt", .script(.`self`),
            body: ReportMetric.self, response: .json(MetricView.self)
        ) { service, call throws(Problem) in try await service.reportMetric(call) }.named("reportMetric"),
        Route(
            .post, "\(root)/self/again", "Run the calling Script again, once it has ended as a success or softly",
            .script(.`self`), body: AskAgain.self, response: .json(AgainView.self)
        ) { service, call throws(Problem) in try await service.askAgain(call) }.named("runAgain"),
        Route(
            .post, "\(root)/self/skip-rest", "Leave out the Scripts after the calling one, once that is a success",
            .script(.`self`), body: SkipRest.self, response: .json(AcceptedView.self)
        ) { service, call throws(Problem) in try await service.skipRest(call) }.named("skipRest"),
        Route(
            .post, "\(root)/self/reserve", "Give the calling Script more time, up to its policy's wall_time_max",
            .script(.`self`), body: ReserveTime.self, response: .json(WallTimeView.self)
        ) { service, call throws(Problem) in try await service.reserveTime(call) }.named("reserveTime"),
    ]
}
