import Launcher
import Store
import Wire

extension APIService {
    func reportMetric(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let body = try BodyReader.read(ReportMetric.self, from: call.request)
        try FieldCheck.key(body.name, "name")
        try FieldCheck.line(body.unit, "unit", limit: 20)
        let record = try await launched { () async throws(LauncherError) in
            try await launcher.report(peer, metric: body.name, body.value, unit: body.unit)
        }
        return .json(MetricView(record))
    }

    func listAttemptMetrics(_ call: Call) async throws(Problem) -> HTTPResponse {
        let processing = try await processing(call.captures["id"])
        let number = try Self.identifier(call.captures["number"], of: "attempt")
        let script = call.captures["script"] ?? ""
        let attempts = try await stored { () async throws(StoreError) in
            try await launcher.store.attempts(of: processing.id)
        }
        guard attempts.contains(where: { $0.script == script && $0.number == number }) else {
            throw Problems.notFound(
                "Processing \(processing.id) has no attempt \(script.prefix(100))#\(number) so far.")
        }
        let metrics = try await stored { () async throws(StoreError) in
            try await launcher.store.metrics(of: processing.id)
        }
        return .json(metrics.filter { $0.script == script && $0.number == number }.map(MetricView.init))
    }

    static let metricSorts = ["-at"]

    func listTaskMetrics(_ call: Call) async throws(Problem) -> HTTPResponse {
        let task = call.captures["name"] ?? ""
        var filter = MetricFilter(task: task, name: call.query.first("name"), script: call.query.first("script"))
        filter.since = try call.query.time("since")
        let list = try ListRequest(
            call, sorts: Self.metricSorts, preset: "-at", fields: MetricPointView.listFields)
        let range = try list.range()
        let wanted = filter
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.metrics(wanted, before: range.after, limit: range.limit)
        }
        // Of a Task whose file is gone, what it reported is still there.
        if page.items.isEmpty, range.after == nil {
            _ = try await launched { () async throws(LauncherError) in try await launcher.task(task) }
        }
        return list.response(
            items: try mapped { try list.encode(page.items.map(MetricPointView.init)) },
            next: page.next.map(ListRequest.place))
    }
}

extension MetricView {
    init(_ record: MetricRecord) {
        self.init(name: record.name, value: record.value, unit: record.unit, at: Timestamp(milliseconds: record.at))
    }
}

extension MetricPointView {
    init(_ record: MetricRecord) {
        self.init(
            processing: record.processing, script: record.script, attempt: record.number, name: record.name,
            value: record.value, unit: record.unit, at: Timestamp(milliseconds: record.at))
    }
}
