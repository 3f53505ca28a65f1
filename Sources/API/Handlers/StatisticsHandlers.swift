import Launcher
import Store
import Wire

extension APIService {
    private static let mostGroups = 10_000
    static let millisecondsOfDay: Int64 = 86_400_000

    func showStatistics(_ call: Call) async throws(Problem) -> HTTPResponse {
        var asked = try Self.statisticsQuery(call.query)
        asked.tasks = try call.caller.narrowed(asked.tasks)
        let query = asked
        let store = launcher.store
        let groups = try await stored { () async throws(StoreError) in
            try await store.statistics(query, limit: Self.mostGroups)
        }
        guard let groups else {
            throw Query.wrong(
                "by", "gives more than \(Self.mostGroups) groups; ask for fewer days, Tasks or keys at a time")
        }
        let tasks = try await stored { () async throws(StoreError) in try await store.statistics() }
        let first = try await stored { () async throws(StoreError) in try await store.firstDay() }
        let now = Launcher.systemTime()
        let today = Self.day(of: now)
        let since = first.map { max($0, query.since ?? $0) }
        let until = min(query.until ?? today, today)
        let shown = tasks.filter { query.tasks.isEmpty || query.tasks.contains($0.task) }
        return .json(
            StatisticsView(
                tasks: shown.map(StatisticsView.Task.init), counted: query.isOfAttempts ? "attempts" : "processings",
                since: since.map(Self.text(ofDay:)), until: since == nil ? nil : Self.text(ofDay: until),
                relativeError: Histogram.relativeError,
                groups: groups.map { group in
                    let (from, to) = group.name.day.map { ($0, $0) } ?? (since ?? today, until)
                    return StatisticsGroupView(group, hours: Self.hours(from: from, to: to, now: now))
                }))
    }

    static func statisticsQuery(_ query: Query) throws(Problem) -> StatisticsQuery {
        var result = StatisticsQuery()
        result.tasks = Set(query.all("task"))
        result.scripts = Set(query.all("script"))
        result.since = try day(query, "since")
        result.until = try day(query, "until")
        for text in query.all("by").flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            guard let key = StatisticsQuery.Key(rawValue: String(text)) else {
                throw Query.wrong(
                    "by", "must be \(StatisticsQuery.Key.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            result.by.insert(key)
        }
        if result.by.isEmpty { result.by = result.scripts.isEmpty ? [.task] : [.task, .script] }
        return result
    }

    /// The day, since the epoch and in UTC, that a parameter names.
    static func day(_ query: Query, _ name: String) throws(Problem) -> Int64? {
        guard let text = query.first(name) else { return nil }
        guard let time = Timestamp(parsing: text) ?? Timestamp(parsing: text + "T00:00:00Z") else {
            throw Query.wrong(name, "must be a day or a time such as 2026-11-24 or 2026-11-24T12:30:01Z")
        }
        return day(of: time.milliseconds)
    }

    static func day(of time: Int64) -> Int64 { Int64((Double(time) / Double(millisecondsOfDay)).rounded(.down)) }

    static func text(ofDay day: Int64) -> String {
        String(Timestamp(milliseconds: day * millisecondsOfDay).description.prefix(10))
    }

    /// What has passed of these days, at least the part of a second.
    static func hours(from: Int64, to: Int64, now: Int64) -> Double {
        let end = min((to + 1) * millisecondsOfDay, now)
        return max(1, Double(end - from * millisecondsOfDay)) / 3_600_000
    }
}
