import Configuration
import Wire

extension RouteTable {
    static let host: [Route] = [
        Route(.get, "/healthz", "Answers when the Launcher is alive", .anyone, response: .media("text/plain")) {
            _, _ throws(Problem) in
            HTTPResponse(status: 200, headers: [.init("Content-Type", "text/plain")], body: Array("ok\n".utf8))
        }.named("getHealth"),
        Route(
            .get, "/readyz", "Answers when the Launcher can do its work; a problem names what keeps it from that",
            .anyone, response: .json(ReadinessView.self)
        ) { service, _ throws(Problem) in try await service.showReadiness() }.named("getReadiness"),
        Route(
            .get, "/metrics", "Figures in Prometheus' text format", .role(.viewer, script: .host),
            response: .media("text/plain")
        ) { service, _ throws(Problem) in try await service.showMetrics() },
        Route(
            .get, "\(root)/host", "The Launcher's version, folders and counts", .role(.viewer, script: .host),
            response: .json(HostView.self)
        ) { service, _ throws(Problem) in try await service.showHost() },
        Route(
            .post, "\(root)/host/reload", "Read the configuration folder again", .role(.operator, script: .host),
            body: NoInput.self, response: .json(ReloadView.self)
        ) { service, call throws(Problem) in try await service.reload(call) },
        Route(
            .post, "\(root)/host/stop", "Stop the Launcher; running Scripts go on unless told otherwise",
            .role(.admin, script: nil), body: StopHost.self, success: 202, response: .json(AcceptedView.self)
        ) { service, call throws(Problem) in try service.stopHost(call) },
        Route(
            .post, "\(root)/host/gc", "Remove directories that may go, and tell what is held by whom",
            .role(.operator, script: nil), body: CollectGarbage.self, response: .json(CollectionView.self)
        ) { service, call throws(Problem) in try await service.collectGarbage(call) }.named("collectGarbage"),
    ]
}
