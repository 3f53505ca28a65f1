import Launcher
import Store
import Wire

extension APIService {
    func sendEvent(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(SendEvent.self, from: call.request)
        try await checkSending(body.type, by: call.caller)
        let receipt = try await launched { () async throws(LauncherError) in
            try await launcher.send(
                type: body.type, key: body.key, params: body.params?.mapValues(\.text) ?? [:],
                force: body.force ?? false, by: call.caller.source)
        }
        return .json(
            try mapped { try EventReceiptView(receipt) }, status: receipt.duplicate ? 200 : 201,
            headers: [.init("Location", "\(WirePath.root)/events/\(receipt.event.id)")])
    }

    func listEvents(_ call: Call) async throws(Problem) -> HTTPResponse {
        let paging = try Paging(call.query)
        var types = Set(call.query.all("type"))
        if let visible = await visibleTypes(call.caller) {
            types = types.isEmpty ? visible : types.intersection(visible)
            // No type at all would mean every type.
            if types.isEmpty { return .json(PageView<EventView>(items: [])) }
        }
        let wanted = types
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.events(types: wanted, before: paging.before, limit: paging.limit)
        }
        return .json(
            PageView(
                items: try mapped { try page.items.map { try EventView($0) } }, next: page.next.map(Paging.cursor)))
    }

    func showEvent(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Event")
        let event = try await stored { () async throws(StoreError) in try await launcher.store.event(id) }
        guard let event, await visibleTypes(call.caller)?.contains(event.type) ?? true else {
            throw Problems.notFound("There is no Event \(id).")
        }
        let processings = try await stored { () async throws(StoreError) in
            try await launcher.store.processings(ofEvent: id)
        }
        return .json(try mapped { try EventView(event, processings: processings) })
    }
}
