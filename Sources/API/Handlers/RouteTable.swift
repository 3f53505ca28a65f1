import Configuration
import Wire

/// Every operation of the API.
package enum RouteTable {
    package static let routes: [Route] = host + tasks + events + processings + preserved + sessions + own

    private static let root = WirePath.root

    private static let host: [Route] = [
        Route(.get, "/healthz", "Answers when the Launcher is alive", .anyone, response: "text") {
            _, _ throws(Problem) in
            HTTPResponse(status: 200, headers: [.init("Content-Type", "text/plain")], body: Array("ok\n".utf8))
        },
        Route(
            .get, "\(root)/host", "The Launcher's version, folders and counts", .role(.viewer, script: .host),
            response: "HostView"
        ) { service, _ throws(Problem) in try await service.showHost() },
        Route(
            .post, "\(root)/host/reload", "Read the configuration folder again", .role(.operator, script: .host),
            body: NoInput.self, response: "ReloadView"
        ) { service, call throws(Problem) in try await service.reload(call) },
        Route(
            .post, "\(root)/host/stop", "Stop the Launcher; running Scripts go on unless told otherwise",
            .role(.admin, script: nil), body: StopHost.self, success: 202, response: "AcceptedView"
        ) { service, call throws(Problem) in try service.stopHost(call) },
        Route(
            .post, "\(root)/host/gc", "Remove directories that may go, and tell what is held by whom",
            .role(.operator, script: nil), body: CollectGarbage.self, response: "CollectionView"
        ) { service, call throws(Problem) in try await service.collectGarbage(call) },
        Route(
            .get, "\(root)/statistics", "Counts by Task and outcome", .role(.viewer, script: .host),
            response: "StatisticsView"
        ) { service, _ throws(Problem) in try await service.showStatistics() },
    ]

    private static let tasks: [Route] = [
        Route(
            .get, "\(root)/tasks", "Every Task with its state", .role(.viewer, script: .task), response: "[TaskView]"
        ) { service, call throws(Problem) in await service.listTasks(call) },
        Route(
            .get, "\(root)/tasks/{name}", "One Task with its definition and state", .role(.viewer, script: .task),
            target: .task, response: "TaskView"
        ) { service, call throws(Problem) in try await service.showTask(call) },
        Route(
            .post, "\(root)/tasks/{name}/pause", "Start no Script of the Task until it is resumed",
            .role(.operator, script: .task), target: .task, body: PauseTask.self, response: "TaskView"
        ) { service, call throws(Problem) in try await service.pauseTask(call) },
        Route(
            .post, "\(root)/tasks/{name}/resume", "Go on with a paused Task", .role(.operator, script: .task),
            target: .task, body: NoInput.self, response: "TaskView"
        ) { service, call throws(Problem) in try await service.resumeTask(call) },
        Route(
            .post, "\(root)/tasks/{name}/trigger", "Create a Processing of the Task by hand",
            .role(.operator, script: .task), target: .task, body: TriggerTask.self, success: 201,
            response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.triggerTask(call) },
    ]

    private static let events: [Route] = [
        Route(
            .post, "\(root)/events", "Send an Event", .role(.operator, script: .`self`), body: SendEvent.self,
            success: 201, response: "EventReceiptView"
        ) { service, call throws(Problem) in try await service.sendEvent(call) },
        Route(
            .get, "\(root)/events", "Events, newest first", .role(.viewer, script: .host),
            query: [.init(name: "type", repeats: true, summary: "Only Events of these types")] + paging,
            response: "PageView<EventView>"
        ) { service, call throws(Problem) in try await service.listEvents(call) },
        Route(
            .get, "\(root)/events/{id}", "One Event with the Processings it caused", .role(.viewer, script: .host),
            response: "EventView"
        ) { service, call throws(Problem) in try await service.showEvent(call) },
    ]

    private static let processings: [Route] = [
        Route(
            .get, "\(root)/processings", "Processings, newest first", .role(.viewer, script: .task),
            query: [
                .init(name: "status", repeats: true, summary: "waiting, running, success, failed, cancelled"),
                .init(name: "outcome", repeats: true, summary: "Only those that ended with these outcomes"),
                .init(name: "task", repeats: true, summary: "Only those of these Tasks"),
                .init(name: "since", repeats: false, summary: "Created at or after this time (RFC 3339)"),
            ] + paging, response: "PageView<ProcessingView>"
        ) { service, call throws(Problem) in try await service.listProcessings(call) },
        Route(
            .get, "\(root)/processings/{id}", "One Processing with its Scripts and attempts",
            .role(.viewer, script: .task), target: .processing, response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.showProcessing(call) },
        Route(
            .get, "\(root)/processings/{id}/why", "Why a Processing is where it is", .role(.viewer, script: .task),
            target: .processing, response: "ExplanationView"
        ) { service, call throws(Problem) in try await service.explainProcessing(call) },
        Route(
            .post, "\(root)/processings/{id}/cancel", "End a Processing", .role(.operator, script: .task),
            target: .processing, body: NoInput.self, response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.cancelProcessing(call) },
        Route(
            .post, "\(root)/processings/{id}/rerun", "Run an ended Processing again, from a Script on",
            .role(.operator, script: .task), target: .processing, body: RerunProcessing.self,
            response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.rerunProcessing(call) },
        Route(
            .post, "\(root)/processings/{id}/skip", "Take the Script that it is at, or failed at, as done",
            .role(.operator, script: .task), target: .processing, body: SkipScript.self, response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.skipScript(call) },
        Route(
            .post, "\(root)/processings/{id}/pin", "Keep its directories until they are unpinned",
            .role(.operator, script: .task), target: .processing, body: PinProcessing.self, response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.pinProcessing(call) },
        Route(
            .post, "\(root)/processings/{id}/unpin", "Let its directories go when their time is over",
            .role(.operator, script: .task), target: .processing, body: NoInput.self, response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.unpinProcessing(call) },
        Route(
            .post, "\(root)/processings/{id}/release", "Remove its directories now",
            .role(.operator, script: .task), target: .processing, body: NoInput.self, response: "ProcessingView"
        ) { service, call throws(Problem) in try await service.releaseProcessing(call) },
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/log",
            "Bytes of an attempt's log; headers tell its size and whether it may grow",
            .role(.viewer, script: .task), target: .processing,
            query: [
                .init(name: "offset", repeats: false, summary: "The first byte, from 0"),
                .init(name: "limit", repeats: false, summary: "At most this many bytes"),
            ], response: "text"
        ) { service, call throws(Problem) in try await service.readLog(call) },
    ]

    private static let preserved: [Route] = [
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/changes",
            "What an attempt added, changed and removed", .role(.viewer, script: nil), target: .processing,
            response: "ChangesView"
        ) { service, call throws(Problem) in try await service.showChanges(call) },
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/export",
            "All that is needed to rerun an ended attempt elsewhere, as a tar archive",
            .role(.operator, script: nil), target: .processing,
            query: [
                .init(name: "form", repeats: false, summary: "bundle (for altp run --bundle), or oci"),
                .init(name: "rootfs", repeats: false, summary: "1 to put the files of the rootfs into a bundle"),
            ], response: "tar"
        ) { service, call throws(Problem) in try await service.exportAttempt(call) },
    ]

    private static let sessions: [Route] = [
        Route(
            .post, "\(root)/processings/{id}/sessions", "Enter the sandbox of an attempt",
            .role(.operator, script: nil),
            target: .processing, body: OpenSession.self, success: 201, response: "OpenedSessionView"
        ) { service, call throws(Problem) in try await service.openSession(call) },
        Route(
            .get, "\(root)/sessions", "Who is inside of which sandbox", .role(.viewer, script: nil),
            response: "[SessionView]"
        ) { service, call throws(Problem) in try await service.listSessions(call) },
        Route(
            .get, "\(root)/sessions/{id}/stream", "Talk to a session that one has opened: a WebSocket (RFC 6455)",
            .role(.operator, script: nil), success: 101, response: "WebSocket"
        ) { service, call throws(Problem) in try service.openStream(call) },
        Route(
            .delete, "\(root)/sessions/{id}", "End a session with all its processes", .role(.operator, script: nil),
            success: 202, response: "AcceptedView"
        ) { service, call throws(Problem) in try await service.endSession(call) },
    ]

    private static let own: [Route] = [
        Route(
            .get, "\(root)/self", "What the calling Script is", .script(.`self`), response: "SelfView"
        ) { service, call throws(Problem) in try await service.showSelf(call) },
        Route(
            .post, "\(root)/self/progress", "Report progress", .script(.`self`), body: ReportProgress.self,
            response: "AcceptedView"
        ) { service, call throws(Problem) in try await service.reportProgress(call) },
        Route(
            .post, "\(root)/self/end", "End the calling Script with a result and a reason", .script(.`self`),
            body: EndSelf.self, success: 202, response: "AcceptedView"
        ) { service, call throws(Problem) in try await service.endSelf(call) },
        Route(
            .post, "\(root)/self/pause-task", "Pause the calling Script's Task", .script(.`self`),
            body: PauseTask.self, response: "TaskView"
        ) { service, call throws(Problem) in try await service.pauseOwnTask(call) },
    ]

    private static let paging: [Route.QueryParameter] = [
        .init(name: "limit", repeats: false, summary: "At most this many, up to 500"),
        .init(name: "cursor", repeats: false, summary: "The `next` of the page before"),
    ]
}
