import Configuration
import Wire

extension RouteTable {
    static let events: [Route] = [
        Route(
            .post, "\(root)/events", "Send an Event", .role(.operator, script: .`self`), body: SendEvent.self,
            success: 201, response: .json(EventReceiptView.self), narrows: true
        ) { service, call throws(Problem) in try await service.sendEvent(call) }.named("sendEvent").sends(.location)
            .succeeds(with: 200, "It was there already, and nothing was done"),
        Route(
            .get, "\(root)/events", "Events, newest first", .role(.viewer, script: .host),
            query: [
                .init("type", .text, repeats: true, "Only Events of these types"),
                .init("key", .text, repeats: true, "Only those with these deduplication keys"),
                .init("source", .text, repeats: true, "Only those that these have sent, such as cli:root"),
                .init("since", .time, "Created at or after this time (RFC 3339)"),
                .init("until", .time, "Created before this time"),
            ] + list(sorts: APIService.eventSorts),
            response: .json(PageView<EventView>.self), narrows: true
        ) { service, call throws(Problem) in try await service.listEvents(call) },
        Route(
            .get, "\(root)/events/{id}", "One Event with the Processings it caused", .role(.viewer, script: .host),
            response: .json(EventView.self), narrows: true
        ) { service, call throws(Problem) in try await service.showEvent(call) },
    ]
}
