// Metrics: figures that Scripts report by a name, one of each for an attempt.

package struct MetricRecord: Sendable, Hashable {
    package var processing: Int64
    package var script: String
    package var number: Int
    package var task: String
    package var name: String
    package var value: Double
    package var unit: String?
    /// When it was last reported.
    package var at: Int64

    package init(
        processing: Int64, script: String, number: Int, task: String, name: String, value: Double, unit: String?,
        at: Int64
    ) {
        self.processing = processing
        self.script = script
        self.number = number
        self.task = task
        self.name = name
        self.value = value
        self.unit = unit
        self.at = at
    }
}

/// What became of a metric that was to be kept.
package enum MetricChange: Sendable, Hashable {
    /// The attempt's first of that name.
    case new
    case replaced
    /// The attempt has as many as it may have.
    case tooMany
}

/// Which of a Task's metrics; nil for all.
package struct MetricFilter: Sendable, Hashable {
    package var task: String
    package var name: String?
    package var script: String?
    /// Reported at or after this time.
    package var since: Int64?

    package init(task: String, name: String? = nil, script: String? = nil, since: Int64? = nil) {
        self.task = task
        self.name = name
        self.script = script
        self.since = since
    }
}

extension StoreTransaction {
    /// - Parameter limit: how many names an attempt may report.
    package func putMetric(_ metric: MetricRecord, limit: Int) throws(StoreError) -> MetricChange {
        let names = try connection.all(
            "SELECT name FROM metric WHERE processing = ? AND script = ? AND number = ?",
            [.integer(metric.processing), .text(metric.script), .integer(Int64(metric.number))]
        ) { $0.text(0) }
        let isNew = !names.contains(metric.name)
        guard !isNew || names.count < limit else { return .tooMany }
        try connection.run(
            """
            INSERT INTO metric (processing, script, number, name, task, value, unit, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET value = excluded.value, unit = excluded.unit, at = excluded.at
            """, .integer(metric.processing), .text(metric.script), .integer(Int64(metric.number)),
            .text(metric.name), .text(metric.task), .real(metric.value), .optional(metric.unit), .integer(metric.at))
        return isNew ? .new : .replaced
    }
}

extension Store {
    /// Those of all attempts of a Processing, in the order in which they were first reported.
    package func metrics(of processing: Int64) async throws(StoreError) -> [MetricRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "SELECT \(MetricRecord.columns) FROM metric WHERE processing = ? ORDER BY id", [.integer(processing)],
                MetricRecord.init)
        }
    }

    /// A Task's, newest first.
    package func metrics(
        _ filter: MetricFilter, before: ListPosition?, limit: Int
    ) async throws(StoreError) -> (items: [MetricRecord], next: ListPosition?) {
        try await readTogether { connection throws(StoreError) in
            // Each name has its own in order in the index; those of several are merged.
            var rows: [(record: MetricRecord, position: ListPosition)] = []
            let names: [String]
            if let name = filter.name {
                names = [name]
            } else {
                names = try Self.metricNames(of: filter.task, connection)
            }
            for name in names {
                var conditions = ""
                var values: [Value] = [.text(filter.task), .text(name)]
                if let before {
                    conditions += " AND (at, id) < (?, ?)"
                    values += [.integer(before.key), .integer(before.id)]
                }
                if let since = filter.since {
                    conditions += " AND at >= ?"
                    values.append(.integer(since))
                }
                if let script = filter.script {
                    conditions += " AND script = ?"
                    values.append(.text(script))
                }
                rows += try connection.all(
                    """
                    SELECT \(MetricRecord.columns), id FROM metric INDEXED BY metric_series WHERE task = ? AND name = ?\
                    \(conditions) ORDER BY at DESC, id DESC LIMIT ?
                    """, values + [.integer(Int64(limit) + 1)]
                ) { (MetricRecord($0), ListPosition(key: $0.integer(7), id: $0.integer(8))) }
            }
            rows.sort { ($0.position.key, $0.position.id) > ($1.position.key, $1.position.id) }
            let page = rows.prefix(limit)
            return (page.map(\.record), rows.count > limit ? page.last?.position : nil)
        }
    }

    /// The names that a Task's Scripts have reported, found by leaping over each one's rows.
    private static func metricNames(of task: String, _ connection: Connection) throws(StoreError) -> [String] {
        try connection.all(
            """
            WITH RECURSIVE known (name) AS (
                SELECT min(name) FROM metric INDEXED BY metric_series WHERE task = ?1
                UNION ALL
                SELECT (SELECT min(name) FROM metric INDEXED BY metric_series WHERE task = ?1 AND name > known.name)
                FROM known WHERE known.name IS NOT NULL
            )
            SELECT name FROM known WHERE name IS NOT NULL LIMIT \(metricNamesAtOnce)
            """, [.text(task)]
        ) { $0.text(0) }
    }

    /// Of a Task with more names than that, one asks by the name.
    private static let metricNamesAtOnce = 500
}

extension MetricRecord {
    static let columns = "processing, script, number, task, name, value, unit, at"

    init(_ row: Row) {
        self.init(
            processing: row.integer(0), script: row.text(1), number: Int(row.integer(2)), task: row.text(3),
            name: row.text(4), value: row.optionalReal(5) ?? 0, unit: row.optionalText(6), at: row.integer(7))
    }
}
