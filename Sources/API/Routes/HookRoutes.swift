import Configuration
import Store
import Wire

extension RouteTable {
    static let hooks: [Route] = [
        Route(
            .post, "\(root)/hooks/{name}",
            "Send an Event as a partner, in the partner's own form and with its own token",
            .partner, success: 201, response: .json(EventReceiptView.self)
        ) { service, call throws(Problem) in try await service.takeHook(call) }.named("postToHook").takesAnyJSON(
            "As the partner has it; the host's configuration says what becomes of it"
        )
        .fails(with: 401, 404, 422).succeeds(with: 200, "It was there already, and nothing was done"),
        Route(
            .get, "\(root)/deliveries", "Who is told of which Processing's end, newest first",
            .role(.viewer, script: nil),
            query: [
                .init("state", .oneOf(DeliveryState.allCases.map(\.rawValue)), "Only those of this state"),
                .init("target", .text, "Only those to this one of notify"),
                .init("processing", .integer(1...Int64.max), "Only those of this Processing"),
            ] + list(sorts: APIService.deliverySorts), response: .json(PageView<DeliveryView>.self)
        ) { service, call throws(Problem) in try await service.listDeliveries(call) },
        Route(
            .post, "\(root)/deliveries/{id}/redeliver", "Try a delivery again now", .role(.operator, script: nil),
            body: NoInput.self, success: 202, response: .json(DeliveryView.self)
        ) { service, call throws(Problem) in try await service.redeliver(call) }.named("redeliver"),
    ]
}
