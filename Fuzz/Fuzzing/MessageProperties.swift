@testable import API
import Launcher
import WebSocket
import Wire

enum MessageProperties {
    static func events(_ bytes: [UInt8]) {
        guard let events = try? EventLines.read(bytes) else { return }
        require(events.count <= EventLines.mostLines, "Events are bounded")
        for event in events {
            require(!event.type.isEmpty && event.type.utf8.count <= EventLines.longestName, "a type is bounded")
            require(!event.id.isEmpty && event.id.utf8.count <= EventLines.longestName, "an id is bounded")
        }
    }

    /// The first line is a request's method and target, the rest its body: what a Script sends through its socket.
    static func request(_ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: 10) ?? bytes.endIndex
        let target = String(decoding: bytes[..<end], as: UTF8.self)
        let body = Array(bytes[min(end + 1, bytes.count)...])
        if let target = RequestTarget(parsing: target) {
            for segment in target.path {
                require(!segment.utf8.contains(0), "a path holds no NUL")
                require(
                    PercentCoding.decode(PercentCoding.encode(segment).utf8[...]) == segment,
                    "a segment is encoded as it is"
                )
            }
            let router = Router(routes: RouteTable.routes)
            for method in ["GET", "POST"] {
                if case .route(let route, _) = router.match(method: method, path: target.path) {
                    _ = try? Query(target.query, parameters: route.query)
                }
            }
        }
        let request = HTTPRequest(
            method: "POST", path: ["api", "v1", "self"], headers: ["content-type": "application/json"], body: body)
        read(SendEvent.self, request)
        read(TriggerTask.self, request)
        read(PauseTask.self, request)
        read(RerunProcessing.self, request)
        read(ReportProgress.self, request)
        read(EndSelf.self, request)
        read(StopHost.self, request)
        read(OpenSession.self, request)
        read(SessionControl.self, request)
        read(SkipScript.self, request)
        read(PinProcessing.self, request)
        read(CollectGarbage.self, request)
        read(ActOnProcessings.self, request)
        read(NoInput.self, request)
    }

    /// The first byte says whose frames follow, and in which pieces they come.
    static func webSocket(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let limits = WebSocketReader.Limits(text: 100, binary: 1000)
        let sender: WebSocketRole = first & 1 == 0 ? .client : .server
        var whole = WebSocketReader(from: sender, limits: limits)
        let events = whole.feed(bytes.dropFirst())
        for event in events {
            switch event {
            case .text(let text): require(text.utf8.count <= 100, "a text is bounded")
            case .binary(let payload): require(payload.count <= 1000, "a binary message is bounded")
            case .ping(let payload), .pong(let payload): require(payload.count <= 125, "a control frame is bounded")
            case .close, .violation: require(event == events.last, "nothing comes after the end")
            }
        }
        var pieces = WebSocketReader(from: sender, limits: limits)
        var rest = bytes.dropFirst()
        var found: [WebSocketReader.Event] = []
        while !rest.isEmpty {
            found += pieces.feed(rest.prefix(Int(first >> 1) + 1))
            rest = rest.dropFirst(Int(first >> 1) + 1)
        }
        require(found == events, "the pieces in which bytes come play no part")
    }

    private static func read<Body: RequestBody>(_ type: Body.Type, _ request: HTTPRequest) {
        do throws(Problem) {
            _ = try BodyReader.read(type, from: request)
        } catch {
            require((400..<500).contains(error.status), "a wrong body is the client's mistake")
            require((error.errors ?? []).count <= 21, "what is wrong with a body is bounded")
        }
    }
}
