import Delivery
import Launcher
import Store
import Wire

extension APIService {
    static let deliverySorts = ["-created_at"]

    func listDeliveries(_ call: Call) async throws(Problem) -> HTTPResponse {
        let list = try ListRequest(
            call, sorts: Self.deliverySorts, preset: "-created_at", fields: DeliveryView.listFields)
        let range = try list.range()
        var state: DeliveryState?
        if let text = call.query.first("state") {
            guard let known = DeliveryState(rawValue: text) else {
                throw Query.wrong(
                    "state", "must be one of \(DeliveryState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            state = known
        }
        var processing: Int64?
        if call.query.first("processing") != nil {
            processing = try call.query.integer("processing", in: 1...Int64.max, default: 1)
        }
        let (wanted, id, target) = (state, processing, call.query.first("target"))
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.deliveries(
                state: wanted, target: target, processing: id, before: range.after?.id, limit: range.limit)
        }
        return list.response(
            items: try mapped { try list.encode(page.items.map(DeliveryView.init)) },
            next: page.next.map(ListRequest.place))
    }

    func redeliver(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        let id = try Self.identifier(call.captures["id"], of: "delivery")
        let delivery = try await stored { () async throws(StoreError) in try await courier.redeliver(id) }
        guard let delivery else { throw Problems.notFound("There is no delivery \(id).") }
        return .json(DeliveryView(delivery), status: 202)
    }
}
