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

    func listTaskMetrics(_ call: Call) async throws(Problem) -> HTTPResponse {
        let task = call.captures["name"] ?? ""
        var filter = MetricFilter(task: task, name: call.query.first("name"), script: call.query.first("script"))
        if let text = call.query.first("since") {
            guard let time = Timestamp(parsing: text) else {
                throw Query.wrong("since", "must be a time such as 2026-11-24T12:30:01Z")
            }
            filter.since = time.milliseconds
        }
        let limit = Int(try call.query.integer("limit", in: 1...500, default: 50))
        let before = try call.query.first("cursor").map { text throws(Problem) in try Self.position(text) }
        let wanted = filter
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.metrics(wanted, before: before, limit: limit)
        }
        // Of a Task whose file is gone, what it reported is still there.
        if page.items.isEmpty, before == nil {
            _ = try await launched { () async throws(LauncherError) in try await launcher.task(task) }
        }
        return .json(
            PageView(items: page.items.map(MetricPointView.init), next: page.next.map { Self.cursor($0) }))
    }

    static func cursor(_ position: MetricPosition) -> String {
        "m\(String(position.at, radix: 36)).\(String(position.id, radix: 36))"
    }

    static func position(_ cursor: String) throws(Problem) -> MetricPosition {
        let parts = cursor.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard cursor.first == "m", parts.count == 2, let at = Int64(parts[0], radix: 36),
            let id = Int64(parts[1], radix: 36)
        else { throw Query.wrong("cursor", "must be the `next` of the page before") }
        return MetricPosition(at: at, id: id)
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
