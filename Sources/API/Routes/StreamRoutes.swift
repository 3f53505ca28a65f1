import Configuration
import Wire

extension RouteTable {
    static let stream: [Route] = [
        Route(
            .get, "\(root)/stream", "What happens, as it happens: server-sent events", .role(.viewer, script: .task),
            query: [
                .init(
                    "topic", .text, repeats: true,
                    "processings, attempts, events, tasks, host, progress (all of them unless some are named), or "
                        + "log:42/calibrate#1, with @OFFSET for the byte to begin with"),
                .init("task", .text, repeats: true, "Only what belongs to these Tasks"),
                .init("processing", .integer(1...Int64.max), repeats: true, "Only what belongs to these Processings"),
                .init(
                    "last_event_id", .integer(0...Int64.max),
                    "Go on after this change; the header Last-Event-ID outranks it"),
            ], response: .media("text/event-stream")
        ) { service, call throws(Problem) in try await service.openFeed(call) }.named("followStream").takes(
            Route.Header("Last-Event-ID", .integer(0...Int64.max), "Go on after this change, as browsers ask for it")
        ).carries([
            "ready": StreamPositionView.self, "reset": StreamPositionView.self,
            "processing": ProcessingChangeView.self, "attempt": AttemptChangeView.self,
            "event": EventChangeView.self, "task": TaskChangeView.self, "host": HostChangeView.self,
            "progress": ProgressView.self, "log": LogPieceView.self,
        ])
    ]
}
