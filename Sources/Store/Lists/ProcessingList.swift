/// Which Processings a list has. What is empty or nil asks for nothing.
package struct ProcessingFilter: Sendable, Hashable {
    package var statuses: Set<ProcessingStatus> = []
    /// Beside those of `statuses` the ended ones with these outcomes.
    package var endings: Set<String> = []
    package var outcomes: Set<String> = []
    package var tasks: Set<String> = []
    /// Where it runs, ended or failed.
    package var scripts: Set<String> = []
    package var events: Set<Int64> = []
    /// Fingerprints of what they failed of.
    package var causes: Set<String> = []
    package var labels = LabelFilter()
    /// Created at or after this time, and before that one.
    package var since: Int64?
    package var until: Int64?
    /// Ended at or after this time, and before that one; for lists sorted by the end.
    package var endedSince: Int64?
    package var endedUntil: Int64?

    package init() {}

    /// Whether it asks for nothing but times.
    fileprivate var isPlain: Bool {
        statuses.isEmpty && endings.isEmpty && outcomes.isEmpty && tasks.isEmpty && scripts.isEmpty && events.isEmpty
            && causes.isEmpty && labels.isEmpty
    }

    fileprivate var openStatuses: Set<ProcessingStatus> {
        statuses.isEmpty && endings.isEmpty ? [.waiting, .running] : statuses.filter { !$0.isFinal }
    }

    /// Whether it may ask for what ended so.
    fileprivate func allows(ending outcome: String) -> Bool {
        guard outcomes.isEmpty || outcomes.contains(outcome) else { return false }
        return statuses.isEmpty && endings.isEmpty || endings.contains(outcome)
            || statuses.contains(ProcessingStatus(outcome: outcome))
    }
}

extension ProcessingStatus {
    /// Of a Processing that ended with this outcome.
    package init(outcome: String) {
        switch outcome {
        case "success": self = .success
        case "cancelled": self = .cancelled
        default: self = .failed
        }
    }
}

/// What a list of Processings is sorted by.
package enum ProcessingOrder: String, Sendable, Hashable, CaseIterable {
    case created = "created_at"
    /// Only those that have ended are in it.
    case ended = "ended_at"
}

extension Store {
    package func processings(
        _ filter: ProcessingFilter, by order: ProcessingOrder = .created, _ range: ListRange
    ) async throws(StoreError) -> ListPage<ProcessingRecord> {
        // As one transaction: what ends in between would be found twice, or not at all.
        try await readTogether { connection throws(StoreError) in
            try ProcessingList(filter: filter, order: order).page(range, connection)
        }
    }
}

struct ProcessingList {
    let filter: ProcessingFilter
    let order: ProcessingOrder

    func page(_ range: ListRange, _ connection: Connection) throws(StoreError) -> ListPage<ProcessingRecord> {
        let order = order
        let isByLabel = filter.events.isEmpty && !filter.labels.isEmpty
        let query = ListQuery<ProcessingRecord>(
            table: "processing", source: isByLabel ? LabelFilter.source : nil, columns: ProcessingRecord.columns,
            key: isByLabel && order == .created ? "label.processing_at" : order.rawValue,
            id: isByLabel ? "label.processing" : "id",
            position: { ListPosition(key: order == .created ? $0.createdAt : $0.endedAt ?? 0, id: $0.id) },
            read: ProcessingRecord.init)
        let times = times
        return try query.page(try lookups(connection), times.rest, in: times.span, range, connection)
    }

    private static let hasEnded = "status NOT IN ('waiting', 'running')"
    private static let isOpen = "status IN ('waiting', 'running')"

    /// The piece of the indexes, which are sorted by the list's own time, and what of the other time remains to be looked at.
    private var times: (span: KeySpan, rest: Conditions) {
        var (span, rest) = (KeySpan(), Conditions())
        switch order {
        case .created:
            span.narrow(from: filter.since)
            span.narrow(before: filter.until)
            if let since = filter.endedSince { rest.add("+ended_at >= ?", .integer(since)) }
            if let until = filter.endedUntil { rest.add("+ended_at < ?", .integer(until)) }
        case .ended:
            span.narrow(from: filter.endedSince)
            span.narrow(before: filter.endedUntil)
            // What was created later has ended later.
            span.narrow(from: filter.since)
            if let since = filter.since { rest.add("+created_at >= ?", .integer(since)) }
            if let until = filter.until { rest.add("+created_at < ?", .integer(until)) }
        }
        return (span, rest)
    }

    private func lookups(_ connection: Connection) throws(StoreError) -> [Lookup] {
        if !filter.events.isEmpty { return ofEvents }
        if !filter.labels.isEmpty {
            let rest = rest
            return filter.labels.lookups.map { Lookup($0.source + rest.text, $0.values + rest.values) }
        }
        if !filter.causes.isEmpty { return ofCauses }
        if filter.isPlain, order == .created {
            return [Lookup("INDEXED BY processing_by_time WHERE true")]
        }
        return order == .created
            ? try open(connection) + ended(connection) : try ended(connection)
    }

    /// An Event has few.
    private var ofEvents: [Lookup] {
        var rest = rest
        filter.labels.add(to: &rest)
        return filter.events.map { event in
            Lookup("INDEXED BY processing_by_event WHERE event = ?\(rest.text)", [.integer(event)] + rest.values)
        }
    }

    private var ofCauses: [Lookup] {
        let rest = rest
        let index = order == .created ? "processing_by_cause" : "processing_by_cause_and_end"
        return filter.causes.map { cause in
            // NULL is of no cause, and not in this index.
            Lookup("INDEXED BY \(index) WHERE cause = ?\(rest.text)", [.text(cause)] + rest.values)
        }
    }

    /// What is looked at in each row that is found by what few have.
    private var rest: Conditions {
        var rest = Conditions()
        if order == .ended { rest.add("+ended_at IS NOT NULL") }
        if !filter.statuses.isEmpty || !filter.endings.isEmpty {
            var (states, endings) = (Conditions(), Conditions())
            states.add("status", in: filter.statuses.map(\.rawValue))
            endings.add("outcome", in: filter.endings)
            let ofEndings = filter.endings.isEmpty ? "false" : "\(Self.hasEnded)\(endings.text)"
            let ofStates = filter.statuses.isEmpty ? "false" : "true\(states.text)"
            rest.add("(\(ofStates) OR \(ofEndings))")
            rest.take(states.values + endings.values)
        }
        rest.add("outcome", in: filter.outcomes)
        rest.add("task", in: filter.tasks)
        rest.add("script", in: filter.scripts)
        rest.add("cause", in: filter.causes)
        return rest
    }

    /// Those that have not ended.
    private func open(_ connection: Connection) throws(StoreError) -> [Lookup] {
        var statuses = filter.openStatuses
        // Those that wait have been at no Script so far.
        if !filter.scripts.isEmpty { statuses.remove(.waiting) }
        guard !statuses.isEmpty, filter.outcomes.isEmpty else { return [] }
        var rest = Conditions()
        rest.add("script", in: filter.scripts)
        // They are as few as the host has room for, where those that wait may be very many.
        if statuses == [.running] {
            rest.add("task", in: filter.tasks)
            return [Lookup("INDEXED BY processing_running WHERE status = 'running'\(rest.text)", rest.values)]
        }
        if statuses.count == 1 { rest.add("status", in: statuses.map(\.rawValue)) }
        let index = "INDEXED BY processing_open WHERE \(Self.isOpen)"
        let tasks =
            filter.tasks.isEmpty
            ? try connection.distinct("task", in: "processing", Lookup(index)) : filter.tasks.sorted()
        return tasks.map { Lookup("\(index) AND task = ?\(rest.text)", [.text($0)] + rest.values) }
    }

    private func ended(_ connection: Connection) throws(StoreError) -> [Lookup] {
        var places: [Lookup] = []
        switch (filter.scripts.isEmpty, filter.tasks.isEmpty) {
        case (false, _):
            let index = "INDEXED BY processing_by_script WHERE \(Self.hasEnded) AND script = ?"
            for script in filter.scripts {
                let tasks =
                    filter.tasks.isEmpty
                    ? try connection.distinct("task", in: "processing", Lookup(index, [.text(script)]))
                    : filter.tasks.sorted()
                places += tasks.map { Lookup("\(index) AND task = ?", [.text(script), .text($0)]) }
            }
        case (true, false):
            let index = order == .created ? "processing_by_task_and_outcome" : "processing_by_task_and_end"
            places = filter.tasks.map { Lookup("INDEXED BY \(index) WHERE \(Self.hasEnded) AND task = ?", [.text($0)]) }
        case (true, true):
            let index = order == .created ? "processing_by_outcome" : "processing_by_end"
            places = [Lookup("INDEXED BY \(index) WHERE \(Self.hasEnded)")]
        }
        var lookups: [Lookup] = []
        for place in places {
            for outcome in try connection.distinct("outcome", in: "processing", place)
            where filter.allows(ending: outcome) {
                lookups.append(Lookup("\(place.source) AND outcome = ?", place.values + [.text(outcome)]))
            }
        }
        return lookups
    }
}
