import Launcher
import Store
import Wire

extension APIService {
    func sendEvent(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(SendEvent.self, from: call.request)
        try await checkSending(body.type, by: call.caller)
        if let made = try made(MadeEvent.self, call) { return try await answer(made) }
        let receipt = try await launched { () async throws(LauncherError) in
            try await launcher.send(
                type: body.type, key: body.key, params: body.params?.mapValues(\.text) ?? [:],
                force: body.force ?? false, by: call.caller.source, receipt: call.receipt)
        }
        return try answer(receipt)
    }

    private func answer(_ receipt: EventReceipt) throws(Problem) -> HTTPResponse {
        .json(
            try mapped { try EventReceiptView(receipt) }, status: receipt.duplicate ? 200 : 201,
            headers: [.init("Location", "\(WirePath.root)/events/\(receipt.event.id)")])
    }

    /// What `Launcher.send` notes.
    private struct MadeEvent: Decodable {
        var event: Int64
        var duplicate: Bool
    }

    private func answer(_ made: MadeEvent) async throws(Problem) -> HTTPResponse {
        let event = try await stored { () async throws(StoreError) in try await launcher.store.event(made.event) }
        let processings = try await stored { () async throws(StoreError) in
            try await launcher.store.processings(ofEvent: made.event)
        }
        guard let event else { throw Problems.notFound("There is no Event \(made.event).") }
        return try answer(EventReceipt(event: event, processings: processings, duplicate: made.duplicate))
    }

    func listEvents(_ call: Call) async throws(Problem) -> HTTPResponse {
        let list = try ListRequest(
            call, sorts: Self.eventSorts, preset: "-created_at", fields: EventView.listFields)
        var filter = EventFilter()
        filter.types = try call.query.filter("type")
        filter.keys = try call.query.filter("key")
        filter.sources = try call.query.filter("source")
        filter.since = try call.query.time("since")
        filter.until = try call.query.time("until")
        if let visible = await visibleTypes(call.caller) {
            filter.types = filter.types.isEmpty ? visible : filter.types.intersection(visible)
            // No type at all would mean every type.
            if filter.types.isEmpty { return list.response(items: Array("[]".utf8), next: nil) }
        }
        let wanted = filter
        return try await page(call) { () async throws(Problem) in
            let range = try list.range()
            let page = try await stored { () async throws(StoreError) in
                try await launcher.store.events(wanted, range)
            }
            return list.response(
                items: try mapped { try list.encode(try page.items.map { try EventView($0) }) },
                next: page.next.map(ListRequest.place))
        }
    }

    static let eventSorts = ["-created_at", "created_at"]

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
