import Configuration
import Wire

extension RouteTable {
    static let sessions: [Route] = [
        Route(
            .post, "\(root)/processings/{id}/sessions", "Enter the sandbox of an attempt",
            .role(.operator, script: nil),
            target: .processing, body: OpenSession.self, success: 201, response: .json(OpenedSessionView.self)
        ) { service, call throws(Problem) in try await service.openSession(call) }.named("openSession"),
        Route(
            .get, "\(root)/sessions", "Who is inside of which sandbox", .role(.viewer, script: nil),
            response: .json([SessionView].self), narrows: true
        ) { service, call throws(Problem) in try await service.listSessions(call) },
        Route(
            .get, "\(root)/sessions/{id}/stream", "Talk to a session that one has opened: a WebSocket (RFC 6455)",
            .role(.operator, script: nil), success: 101, response: .webSocket, narrows: true
        ) { service, call throws(Problem) in try service.openStream(call) }.named("openSessionStream").takes(
            Route.Header("Upgrade", .oneOf(["websocket"]), "The protocol that is asked for"),
            Route.Header("Sec-WebSocket-Version", .oneOf(["13"]), "Its version"),
            Route.Header("Sec-WebSocket-Key", .text, "16 random bytes in Base64")
        ).carries(["SessionControl": SessionControl.self, "SessionNotice": SessionNotice.self]),
        Route(
            .delete, "\(root)/sessions/{id}", "End a session with all its processes", .role(.operator, script: nil),
            success: 202, response: .json(AcceptedView.self), narrows: true
        ) { service, call throws(Problem) in try await service.endSession(call) }.named("endSession"),
    ]
}
