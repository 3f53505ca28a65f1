import Configuration
import Launcher
import Store
import Wire

extension APIService {
    func listCauses(_ call: Call) async throws(Problem) -> HTTPResponse {
        var filter = CauseFilter()
        filter.tasks = try call.caller.narrowed(Set(call.query.all("task")))
        filter.scripts = Set(call.query.all("script"))
        for text in call.query.all("outcome") {
            guard OutcomeKind(rawValue: text) != nil else {
                throw Query.wrong("outcome", "must be \(OutcomeKind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.outcomes.insert(text)
        }
        filter.since = try Self.day(call.query, "since")
        if let text = call.query.first("sort") {
            guard let order = CauseFilter.Order(rawValue: text) else {
                throw Query.wrong(
                    "sort", "must be \(CauseFilter.Order.allCases.map(\.rawValue).joined(separator: " or "))")
            }
            filter.order = order
        }
        let limit = Int(try call.query.integer("limit", in: 1...500, default: 50))
        let wanted = filter
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.causes(wanted, limit: limit)
        }
        return .json(
            CausesView(
                failures: page.processings, attempts: page.attempts, causes: page.causeCount,
                items: page.causes.map(CauseView.init)))
    }

    func showCause(_ call: Call) async throws(Problem) -> HTTPResponse {
        let cause = try await cause(call)
        let limit = Int(try call.query.integer("limit", in: 1...500, default: 20))
        let failed = try await stored { () async throws(StoreError) in
            try await launcher.store.failed(ofCause: cause.fingerprint, limit: limit)
        }
        let labels = try await stored { () async throws(StoreError) in
            try await launcher.store.labels(of: failed.map(\.id))
        }
        return .json(
            CauseDetailView(
                cause: CauseView(cause),
                failed: try mapped { try failed.map { try ProcessingView($0, labels: labels[$0.id] ?? [:]) } }))
    }

    private func cause(_ call: Call) async throws(Problem) -> CauseRecord {
        let fingerprint = call.captures["fingerprint"] ?? ""
        let record = try await stored { () async throws(StoreError) in try await launcher.store.cause(fingerprint) }
        // One that the caller may not see is none.
        guard let record, call.caller.visibleTasks?.contains(record.task) ?? true else {
            throw Problems.notFound("There is no cause \(fingerprint.prefix(40)); GET /api/v1/causes lists them.")
        }
        return record
    }
}
