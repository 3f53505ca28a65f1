// The list of Processings, filtered, newest first: with millions of them each page costs about the same. A filter is taken
// apart into lookups that an index answers in the list's order, and what these find is merged. Which index answers which
// is said (INDEXED BY), for without statistics SQLite's choice between them is a guess.

package struct ProcessingFilter: Sendable, Hashable {
    package var statuses: Set<ProcessingStatus> = []
    package var outcomes: Set<String> = []
    package var tasks: Set<String> = []
    /// Fingerprints of what they failed of.
    package var causes: Set<String> = []
    /// Created at or after this time.
    package var since: Int64?
    package var labels = LabelFilter()

    package init() {}
}

extension Store {
    package func processings(
        _ filter: ProcessingFilter, before: Int64?, limit: Int
    ) async throws(StoreError) -> Page<ProcessingRecord> {
        // As one transaction: what ends in between would be found twice, or not at all.
        try await readTogether { connection throws(StoreError) in
            var conditions = Conditions(filter)
            if let before {
                let id = filter.labels.isEmpty ? "id" : "label.processing"
                conditions.add("\(id) < ?", [.integer(before)])
            }
            if let since = filter.since {
                conditions.add("+created_at >= ?", [.integer(since)])
                switch try Self.firstID(since: since, connection) {
                case .none: return Page(items: [], next: nil)
                case .id(let first): conditions.add("id >= ?", [.integer(first)])
                case .early: break
                }
            }
            var found: [ProcessingRecord] = []
            for part in filter.labels.parts {
                found += try connection.all(
                    """
                    SELECT \(ProcessingRecord.columns) FROM \(part.source)\(conditions.text) \
                    ORDER BY label.processing DESC LIMIT ?
                    """, part.values + conditions.values + [.integer(Int64(limit) + 1)], ProcessingRecord.init)
            }
            for lookup in filter.labels.isEmpty ? Lookup.all(for: filter) : [] {
                found += try connection.all(
                    """
                    SELECT \(ProcessingRecord.columns) FROM processing \(lookup.source)\(conditions.text) \
                    ORDER BY id DESC LIMIT ?
                    """, lookup.values + conditions.values + [.integer(Int64(limit) + 1)], ProcessingRecord.init)
            }
            // No two lookups find the same one.
            found.sort { $0.id > $1.id }
            return Page(found, limit: limit) { $0.id }
        }
    }

    private enum FirstID {
        case none
        case id(Int64)
        /// So many are younger that a page of them is found without it.
        case early
    }

    /// The least id of those created since then. A clock that was set back makes it less than it could be, no more.
    private static func firstID(since: Int64, _ connection: Connection) throws(StoreError) -> FirstID {
        let many = 100_000
        let found = try connection.first(
            """
            SELECT count(*), min(id) FROM (
                SELECT id FROM processing INDEXED BY processing_by_time WHERE created_at >= ? ORDER BY created_at LIMIT ?)
            """, .integer(since), .integer(Int64(many))
        ) { (Int($0.integer(0)), $0.optionalInteger(1)) }
        guard let found, let first = found.1 else { return .none }
        return found.0 < many ? .id(first) : .early
    }
}

/// What every lookup asks for beside what its index answers. The plus keeps SQLite from answering these by the index instead,
/// which it would find in any order.
private struct Conditions {
    private(set) var text = ""
    private(set) var values: [Value] = []

    init(_ filter: ProcessingFilter) {
        add("status", filter.statuses.map(\.rawValue))
        add("outcome", filter.outcomes)
        add("task", filter.tasks)
        add("cause", filter.causes)
    }

    mutating func add(_ condition: String, _ values: [Value]) {
        text += " AND \(condition)"
        self.values += values
    }

    private mutating func add(_ column: String, _ allowed: some Collection<String>) {
        guard !allowed.isEmpty else { return }
        add("+\(column) IN (\(allowed.map { _ in "?" }.joined(separator: ", ")))", allowed.sorted().map(Value.text))
    }
}

/// A part of the list that one index has in the list's order.
private struct Lookup {
    /// An index and what it answers.
    var source: String
    var values: [Value] = []

    /// Those that have not ended are few, and have an index of their own.
    private static let open = Lookup(source: "INDEXED BY processing_open WHERE status IN ('waiting', 'running')")

    private static func ended(_ index: String, _ columns: String, _ values: String...) -> Lookup {
        Lookup(
            source: "INDEXED BY \(index) WHERE status NOT IN ('waiting', 'running') AND \(columns)",
            values: values.map(Value.text))
    }

    static func all(for filter: ProcessingFilter) -> [Lookup] {
        if !filter.causes.isEmpty {
            // NULL is of no cause, and not in this index.
            return filter.causes.map {
                Lookup(source: "INDEXED BY processing_by_cause WHERE cause = ?", values: [.text($0)])
            }
        }
        let ended = filter.statuses.isEmpty ? [.success, .failed, .cancelled] : filter.statuses.filter(\.isFinal)
        let statuses = ended.map(\.rawValue)
        if filter.statuses.isEmpty, filter.outcomes.isEmpty, filter.tasks.isEmpty {
            return [Lookup(source: "WHERE true")]
        }
        var lookups: [Lookup] = []
        if filter.statuses.isEmpty || filter.statuses.contains(where: { !$0.isFinal }) { lookups.append(open) }
        // A status that has not ended has no other part.
        guard !statuses.isEmpty else { return lookups }
        switch (filter.outcomes.isEmpty, filter.tasks.isEmpty) {
        case (false, false):
            for task in filter.tasks {
                lookups += filter.outcomes.map {
                    .ended("processing_by_task_and_outcome", "task = ? AND outcome = ?", task, $0)
                }
            }
        case (false, true):
            lookups += filter.outcomes.map { .ended("processing_by_outcome", "outcome = ?", $0) }
        case (true, false):
            for task in filter.tasks {
                lookups += statuses.map { .ended("processing_by_task_and_status", "task = ? AND status = ?", task, $0) }
            }
        case (true, true):
            lookups += statuses.map { .ended("processing_by_status", "status = ?", $0) }
        }
        return lookups
    }
}
