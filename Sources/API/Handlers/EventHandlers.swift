import Launcher
import Store
import Wire

extension APIService {
    func sendEvent(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(SendEvent.self, from: call.request)
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
        let types = Set(call.query.all("type"))
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.events(types: types, before: paging.before, limit: paging.limit)
        }
        return .json(
            PageView(
                items: try mapped { try page.items.map { try EventView($0) } }, next: page.next.map(Paging.cursor)))
    }

    func showEvent(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Event")
        let event = try await stored { () async throws(StoreError) in try await launcher.store.event(id) }
        guard let event else { throw Problems.notFound("There is no Event \(id).") }
        let processings = try await stored { () async throws(StoreError) in
            try await launcher.store.processings(ofEvent: id)
        }
        return .json(try mapped { try EventView(event, processings: processings) })
    }
}
