import Configuration
import Store
import Wire

/// The query of a list of Processings, read.
struct ProcessingQuery {
    static let sorts = ProcessingOrder.allCases.flatMap { ["-\($0.rawValue)", $0.rawValue] }
    static let statuses = ProcessingStatus.allCases.map(\.rawValue)
    static let outcomes = OutcomeKind.allCases.map(\.rawValue)
    /// A status; or the name of an outcome, for those that ended so.
    static let states = statuses + outcomes.filter { !statuses.contains($0) }

    static let filters: [Route.QueryParameter] = [
        .init(
            "status", .oneOf(states), repeats: true,
            "Only those of these states; an outcome's name stands for those that ended with it"),
        .init("outcome", .oneOf(outcomes), repeats: true, "Only those that ended with these outcomes"),
        .init("task", .text, repeats: true, "Only those of these Tasks"),
        .init("script", .text, repeats: true, "Only those that run, ended or failed at these Scripts"),
        .init("event", .integer(1...Int64.max), repeats: true, "Only those that these Events caused"),
        .init("cause", .text, repeats: true, "Only those that failed of these causes, by fingerprint"),
        RouteTable.labelParameter,
        .init("since", .time, "Created at or after this time (RFC 3339)"),
        .init("until", .time, "Created before this time"),
        .init("ended_since", .time, "Ended at or after this time; the list is sorted by the end"),
        .init("ended_until", .time, "Ended before this time; the list is sorted by the end"),
    ]

    static func filter(_ query: Query) throws(Problem) -> ProcessingFilter {
        var filter = ProcessingFilter()
        for text in try query.filter("status") {
            if let status = ProcessingStatus(rawValue: text) {
                filter.statuses.insert(status)
            } else if OutcomeKind(rawValue: text) != nil {
                filter.endings.insert(text)
            } else {
                throw Query.wrong("status", "must be \(states.joined(separator: ", "))")
            }
        }
        filter.outcomes = try query.filter("outcome")
        guard filter.outcomes.isSubset(of: outcomes) else {
            throw Query.wrong("outcome", "must be \(outcomes.joined(separator: ", "))")
        }
        filter.tasks = try query.filter("task")
        filter.scripts = try query.filter("script")
        for text in try query.filter("event") {
            guard let id = Int64(text), id > 0 else { throw Query.wrong("event", "must be the number of an Event") }
            filter.events.insert(id)
        }
        filter.causes = try query.filter("cause")
        filter.labels = try APIService.labelFilter(query)
        filter.since = try query.time("since")
        filter.until = try query.time("until")
        filter.endedSince = try query.time("ended_since")
        filter.endedUntil = try query.time("ended_until")
        return filter
    }

    let filter: ProcessingFilter
    let list: ListRequest
    let order: ProcessingOrder

    /// - Parameter call: of a caller that may see all that is asked for, or whose list is narrowed to what it may.
    init(_ call: Call) throws(Problem) {
        filter = try Self.filter(call.query, for: call.caller)
        list = try ListRequest(
            call, sorts: Self.sorts, preset: Self.isByEnd(filter) ? "-ended_at" : "-created_at",
            fields: ProcessingView.listFields)
        order = list.sort.hasSuffix("ended_at") ? .ended : .created
        try Self.check(filter, order)
    }

    /// For an action on all that a selection finds. What is wrong is named as the body has it.
    static func filter(
        _ selection: ProcessingSelection, _ caller: Caller
    ) throws(Problem) -> (filter: ProcessingFilter, order: ProcessingOrder) {
        let items = selection.items.map { HTTPRequest.QueryItem(name: $0.name, value: $0.value) }
        // Whoever means all of them says so by a filter that all match.
        guard !items.isEmpty else { throw FieldCheck.wrong("query", "must have at least one filter") }
        do {
            let filter = try filter(try Query(items, parameters: filters), for: caller)
            let order = isByEnd(filter) ? ProcessingOrder.ended : .created
            try check(filter, order)
            return (filter, order)
        } catch {
            guard let first = error.errors?.first, error.status == 400 else { throw error }
            throw FieldCheck.wrong("query.\(first.field)", first.detail)
        }
    }

    private static func filter(_ query: Query, for caller: Caller) throws(Problem) -> ProcessingFilter {
        var filter = try filter(query)
        filter.tasks = try caller.narrowed(filter.tasks, "the Processings of")
        return filter
    }

    private static func isByEnd(_ filter: ProcessingFilter) -> Bool {
        filter.endedSince != nil || filter.endedUntil != nil
    }

    /// Refuses what no index answers: a page could cost a look at every Processing.
    private static func check(_ filter: ProcessingFilter, _ order: ProcessingOrder) throws(Problem) {
        if order == .created, isByEnd(filter) {
            throw Query.wrong("sort", "must be -ended_at or ended_at beside ended_since and ended_until")
        }
        guard order == .ended else { return }
        if filter.until != nil {
            throw Query.wrong("until", "is for lists sorted by created_at; those sorted by ended_at have ended_until")
        }
        if !filter.scripts.isEmpty {
            throw Query.wrong("script", "is for lists sorted by created_at, without ended_since and ended_until")
        }
        if !filter.labels.isEmpty, filter.events.isEmpty {
            throw Query.wrong("label", "is for a list sorted by created_at")
        }
    }
}
