/// One way to fail: what several failures have in common.
package struct CauseRecord: Sendable, Hashable {
    package var fingerprint: String
    package var task: String
    package var script: String
    package var outcome: String
    /// What they have in common, with placeholders for what differs.
    package var pattern: String
    /// What the last of them said.
    package var sample: String
    package var firstSeen: Int64
    package var lastSeen: Int64
    /// Attempts that ended with it, those that were retried too.
    package var attempts: Int
    /// Processings that failed of it.
    package var processings: Int

    package init(
        fingerprint: String, task: String, script: String, outcome: String, pattern: String, sample: String,
        firstSeen: Int64 = 0, lastSeen: Int64 = 0, attempts: Int = 0, processings: Int = 0
    ) {
        self.fingerprint = fingerprint
        self.task = task
        self.script = script
        self.outcome = outcome
        self.pattern = pattern
        self.sample = sample
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.attempts = attempts
        self.processings = processings
    }

    static let columns =
        "fingerprint, task, script, outcome, pattern, sample, first_seen, last_seen, attempts, processings"

    init(_ row: Row) {
        self.init(
            fingerprint: row.text(0), task: row.text(1), script: row.text(2), outcome: row.text(3),
            pattern: row.text(4), sample: row.text(5), firstSeen: row.integer(6), lastSeen: row.integer(7),
            attempts: Int(row.integer(8)), processings: Int(row.integer(9)))
    }
}

extension StoreTransaction {
    /// Distinct causes of one Script; what is beyond them is put under `rest`, so that a Script that says something else each
    /// time does not fill the table.
    package static let mostCausesOfScript = 500

    /// Counts a failure under its cause.
    ///
    /// - Parameters:
    ///   - rest: stands for all others, when the Script has too many.
    ///   - endsProcessing: its Processing failed of it too.
    /// - Returns: the fingerprint that it was counted under.
    package func noteCause(
        _ cause: CauseRecord, rest: CauseRecord, at: Int64, endsProcessing: Bool
    ) throws(StoreError) -> String {
        let more: Int64 = endsProcessing ? 1 : 0
        var noted = cause
        if try !countKnown(noted, at: at, more) {
            let known = try connection.first(
                "SELECT count(*) FROM cause WHERE task = ? AND script = ?", .text(cause.task), .text(cause.script)
            ) { Int($0.integer(0)) }
            var isThere = false
            if known ?? 0 >= Self.mostCausesOfScript {
                noted = rest
                isThere = try countKnown(rest, at: at, more)
            }
            if !isThere {
                try connection.run(
                    "INSERT INTO cause (\(CauseRecord.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
                    .text(noted.fingerprint), .text(noted.task), .text(noted.script), .text(noted.outcome),
                    .text(noted.pattern), .text(noted.sample), .integer(at), .integer(at), .integer(more))
            }
        }
        try connection.run(
            """
            INSERT INTO cause_day (fingerprint, day, attempts, processings) VALUES (?, ?, 1, ?)
            ON CONFLICT DO UPDATE SET attempts = attempts + 1, processings = processings + excluded.processings
            """, .text(noted.fingerprint), .integer(at / Self.millisecondsOfDay), .integer(more))
        return noted.fingerprint
    }

    private func countKnown(_ cause: CauseRecord, at: Int64, _ more: Int64) throws(StoreError) -> Bool {
        try connection.run(
            """
            UPDATE cause SET sample = ?, last_seen = max(last_seen, ?), attempts = attempts + 1,
            processings = processings + ? WHERE fingerprint = ?
            """, .text(cause.sample), .integer(at), .integer(more), .text(cause.fingerprint))
        return connection.changes > 0
    }
}

/// Which causes are asked for.
package struct CauseFilter: Sendable, Hashable {
    package enum Order: String, Sendable, Hashable, CaseIterable {
        case count
        case lastSeen = "last_seen"
    }

    /// Empty for all, as are the others.
    package var tasks: Set<String> = []
    package var scripts: Set<String> = []
    package var outcomes: Set<String> = []
    /// Only what was counted from this day on (days since the epoch, UTC).
    package var since: Int64?
    package var order = Order.count

    package init() {}
}

/// A part of a list of causes, and what there is in all.
package struct CausePage: Sendable, Hashable {
    package var causes: [CauseRecord]
    /// Of all that the filter lets through, whether in `causes` or not.
    package var causeCount: Int
    package var attempts: Int
    package var processings: Int
}

extension Store {
    package func causes(_ filter: CauseFilter, limit: Int) async throws(StoreError) -> CausePage {
        var conditions = ["true"]
        var values: [Value] = []
        func add(_ column: String, _ names: Set<String>) {
            guard !names.isEmpty else { return }
            conditions.append("\(column) IN (\(names.map { _ in "?" }.joined(separator: ", ")))")
            values += names.sorted().map(Value.text)
        }
        add("task", filter.tasks)
        add("script", filter.scripts)
        add("outcome", filter.outcomes)
        let condition = conditions.joined(separator: " AND ")
        var counted = "(SELECT \(CauseRecord.columns) FROM cause WHERE \(condition))"
        if let since = filter.since {
            // Days first, by their index: those that are asked for are few.
            counted = """
                (SELECT fingerprint, task, script, outcome, pattern, sample, first_seen, last_seen, of_days.attempts, \
                of_days.processings FROM (SELECT fingerprint, sum(attempts) AS attempts, sum(processings) AS processings \
                FROM cause_day WHERE day >= ? GROUP BY fingerprint) AS of_days JOIN cause USING (fingerprint) \
                WHERE \(condition))
                """
            values.insert(.integer(since), at: 0)
        }
        let order =
            switch filter.order {
            case .count: "processings DESC, attempts DESC, last_seen DESC, fingerprint"
            case .lastSeen: "last_seen DESC, fingerprint"
            }
        let (source, bound) = (counted, values)
        return try await readTogether { connection throws(StoreError) in
            let sums = try connection.all(
                "SELECT count(*), coalesce(sum(attempts), 0), coalesce(sum(processings), 0) FROM \(source)", bound
            ) { (Int($0.integer(0)), Int($0.integer(1)), Int($0.integer(2))) }
            let causes = try connection.all(
                "SELECT \(CauseRecord.columns) FROM \(source) ORDER BY \(order) LIMIT ?",
                bound + [.integer(Int64(limit))], CauseRecord.init)
            let (count, attempts, processings) = sums.first ?? (0, 0, 0)
            return CausePage(causes: causes, causeCount: count, attempts: attempts, processings: processings)
        }
    }

    package func cause(_ fingerprint: String) async throws(StoreError) -> CauseRecord? {
        try await read { connection throws(StoreError) in
            try connection.first(
                "SELECT \(CauseRecord.columns) FROM cause WHERE fingerprint = ?", .text(fingerprint),
                read: CauseRecord.init)
        }
    }

    /// Processings that have failed of it and were not run again since, newest first.
    package func failed(ofCause fingerprint: String, limit: Int) async throws(StoreError) -> [ProcessingRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                """
                SELECT \(ProcessingRecord.columns) FROM processing INDEXED BY processing_by_cause
                WHERE cause = ? AND status = 'failed' ORDER BY id DESC LIMIT ?
                """, [.text(fingerprint), .integer(Int64(limit))], ProcessingRecord.init)
        }
    }
}
