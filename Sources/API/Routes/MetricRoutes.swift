import Configuration
import Wire

extension RouteTable {
    static let metrics: [Route] = [
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/metrics",
            "The figures that an attempt reported", .role(.viewer, script: .task), target: .processing,
            response: .json([MetricView].self)
        ) { service, call throws(Problem) in try await service.listAttemptMetrics(call) },
        Route(
            .get, "\(root)/tasks/{name}/metrics", "The figures that a Task's Scripts reported, newest first",
            .role(.viewer, script: .task), target: .task,
            query: [
                .init("name", .text, "Only the figure of this name"), .init("script", .text, "Only this Script's"),
                .init("since", .time, "Reported at or after this time (RFC 3339)"),
            ] + list(sorts: APIService.metricSorts), response: .json(PageView<MetricPointView>.self)
        ) { service, call throws(Problem) in try await service.listTaskMetrics(call) },
    ]
}
