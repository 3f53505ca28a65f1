import Configuration
import Wire

extension RouteTable {
    static let processings: [Route] = [
        Route(
            .get, "\(root)/processings", "Processings, newest first", .role(.viewer, script: .task),
            query: ProcessingQuery.filters + list(sorts: ProcessingQuery.sorts),
            response: .json(PageView<ProcessingView>.self)
        ) { service, call throws(Problem) in try await service.listProcessings(call) },
        Route(
            .post, "\(root)/processings/actions", "Do the same with many Processings, or say what it would come to",
            .role(.operator, script: .task), body: ActOnProcessings.self, response: .json(ActionsView.self)
        ) { service, call throws(Problem) in try await service.actOnProcessings(call) },
        Route(
            .get, "\(root)/processings/{id}", "One Processing with its Scripts and attempts",
            .role(.viewer, script: .task), target: .processing, response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.showProcessing(call) }.givesVersion(),
        Route(
            .get, "\(root)/processings/{id}/why", "Why a Processing is where it is", .role(.viewer, script: .task),
            target: .processing, response: .json(ExplanationView.self)
        ) { service, call throws(Problem) in try await service.explainProcessing(call) },
        Route(
            .post, "\(root)/processings/{id}/cancel", "End a Processing", .role(.operator, script: .task),
            target: .processing, body: NoInput.self, response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.cancelProcessing(call) }.asksForVersion(),
        Route(
            .post, "\(root)/processings/{id}/rerun", "Run an ended Processing again, from a Script on",
            .role(.operator, script: .task), target: .processing, body: RerunProcessing.self,
            response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.rerunProcessing(call) }.asksForVersion(),
        Route(
            .post, "\(root)/processings/{id}/skip", "Take the Script that it is at, or failed at, as done",
            .role(.operator, script: .task), target: .processing, body: SkipScript.self,
            response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.skipScript(call) }.asksForVersion().named("skipScript"),
        Route(
            .post, "\(root)/processings/{id}/pin", "Keep its directories until they are unpinned",
            .role(.operator, script: .task), target: .processing, body: PinProcessing.self,
            response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.pinProcessing(call) }.asksForVersion(),
        Route(
            .post, "\(root)/processings/{id}/unpin", "Let its directories go when their time is over",
            .role(.operator, script: .task), target: .processing, body: NoInput.self,
            response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.unpinProcessing(call) }.asksForVersion(),
        Route(
            .post, "\(root)/processings/{id}/release", "Remove its directories now",
            .role(.operator, script: .task), target: .processing, body: NoInput.self,
            response: .json(ProcessingView.self)
        ) { service, call throws(Problem) in try await service.releaseProcessing(call) }.asksForVersion(),
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/log",
            "Bytes of an attempt's log, or those that a Range header names; headers tell its size and whether it may grow",
            .role(.viewer, script: .task), target: .processing,
            query: [
                .init("offset", .integer(0...Int64.max), "The first byte, from 0"),
                .init("limit", .integer(1...APIService.logPage), "At most this many bytes"),
                .init("follow", .oneOf(["0", "1"]), "1 to go on as it grows, until the attempt has ended"),
            ], response: .media("text/plain")
        ) { service, call throws(Problem) in try await service.readLog(call) }.named("readLog").sends(
            Route.Header(
                LogHeader.size, .integer(0...Int64.max),
                "The log's size in bytes when it was read; absent with `follow`"),
            Route.Header(
                LogHeader.state, .oneOf(["running", "ended"]),
                "`ended`: the bytes up to the size are all there will be; absent with `follow`")
        ).givesRanges(),
    ]
}
