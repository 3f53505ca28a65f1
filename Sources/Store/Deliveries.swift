// Who is told of ended Processings: deliveries, from the transaction that ends a Processing until they have arrived.

package enum DeliveryState: String, Sendable, Hashable, CaseIterable {
    /// To be tried, perhaps again.
    case waiting
    case delivered
    /// Given up.
    case failed
}

package struct DeliveryRecord: Sendable, Hashable {
    package var id: Int64
    /// The same at every try.
    package var key: String
    /// By its name in altp.yaml.
    package var target: String
    /// As it was when it ended.
    package var processing: ProcessingRecord
    package var state: DeliveryState
    package var tries: Int
    package var createdAt: Int64
    /// When it was first due, or was last asked for again: the time to give up is counted from here.
    package var beganAt: Int64
    package var dueAt: Int64
    package var triedAt: Int64?
    /// The HTTP status, or the mail command's exit status, of the last try.
    package var response: Int?
    /// What was wrong with the last try.
    package var error: String?
}

extension StoreTransaction {
    /// Has a target told of a Processing that has ended.
    package func insertDelivery(of processing: ProcessingRecord, to target: String, at: Int64) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO delivery (key, target, processing, run, status, outcome, script, reason, started_at, ended_at, state,
            created_at, began_at, due_at)
            VALUES (lower(hex(randomblob(16))), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'waiting', ?10, ?10, ?10)
            """, .text(target), .integer(processing.id), .integer(Int64(processing.run)),
            .text(processing.status.rawValue), .optional(processing.outcome), .optional(processing.script),
            .optional(processing.reason), .optional(processing.startedAt), .optional(processing.endedAt),
            .integer(at))
    }

    /// Records a try, and what comes after it.
    package func updateDelivery(_ delivery: DeliveryRecord) throws(StoreError) {
        try connection.run(
            """
            UPDATE delivery SET state = ?, tries = ?, due_at = ?, tried_at = ?, response = ?, error = ?, began_at = ?
            WHERE id = ?
            """, .text(delivery.state.rawValue), .integer(Int64(delivery.tries)), .integer(delivery.dueAt),
            .optional(delivery.triedAt), .optional(delivery.response.map(Int64.init)), .optional(delivery.error),
            .integer(delivery.beganAt), .integer(delivery.id))
    }

    /// Removes of those that are over all but the newest.
    package func trimDeliveries(keep: Int) throws(StoreError) {
        for state in [DeliveryState.delivered, .failed] {
            try connection.run(
                """
                DELETE FROM delivery WHERE state = ?1 AND id <= (SELECT id FROM delivery WHERE state = ?1
                ORDER BY id DESC LIMIT 1 OFFSET ?2)
                """, .text(state.rawValue), .integer(Int64(keep)))
        }
    }
}

extension Store {
    package func delivery(_ id: Int64) async throws(StoreError) -> DeliveryRecord? {
        try await read { connection throws(StoreError) in
            try connection.first(
                "\(DeliveryRecord.query) WHERE d.id = ?", .integer(id), read: DeliveryRecord.init)
        }
    }

    /// Newest first.
    package func deliveries(
        state: DeliveryState?, target: String?, processing: Int64?, before: Int64?, limit: Int
    ) async throws(StoreError) -> ListPage<DeliveryRecord> {
        var conditions = ["d.id < ?"]
        var values: [Value] = [.integer(before ?? .max)]
        if let state {
            conditions.append("d.state = ?")
            values.append(.text(state.rawValue))
        }
        if let processing {
            conditions.append("d.processing = ?")
            values.append(.integer(processing))
        }
        if let target {
            conditions.append("d.target = ?")
            values.append(.text(target))
        }
        let sql =
            "\(DeliveryRecord.query) WHERE \(conditions.joined(separator: " AND ")) ORDER BY d.id DESC LIMIT \(limit + 1)"
        let bound = values
        return try await read { connection throws(StoreError) in
            let found = try connection.all(sql, bound, DeliveryRecord.init)
            let items = Array(found.prefix(limit))
            return ListPage(
                items: items,
                next: found.count > limit ? items.last.map { ListPosition(key: $0.createdAt, id: $0.id) } : nil)
        }
    }

    /// Who is waited for, and when the first delivery to each is due.
    package func waitingTargets() async throws(StoreError) -> [String: Int64] {
        try await read { connection throws(StoreError) in
            let rows = try connection.all(
                "SELECT target, min(due_at) FROM delivery WHERE state = 'waiting' GROUP BY target"
            ) { ($0.text(0), $0.integer(1)) }
            return Dictionary(rows) { first, _ in first }
        }
    }

    /// Those that wait to be told to a target, the first due first.
    package func waitingDeliveries(to target: String, limit: Int) async throws(StoreError) -> [DeliveryRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "\(DeliveryRecord.query) WHERE d.state = 'waiting' AND d.target = ? ORDER BY d.due_at LIMIT ?",
                [.text(target), .integer(Int64(limit))], DeliveryRecord.init)
        }
    }
}

extension DeliveryRecord {
    fileprivate static let query = """
        SELECT d.id, d.key, d.target, d.processing, d.run, d.status, d.outcome, d.script, d.reason, d.started_at,
        d.ended_at, d.state, d.tries, d.created_at, d.began_at, d.due_at, d.tried_at, d.response, d.error, p.task,
        p.definition, p.scripts, p.event, p.params, p.priority, p.created_at
        FROM delivery d JOIN processing p ON p.id = d.processing
        """

    fileprivate init(_ row: Row) {
        self.init(
            id: row.integer(0), key: row.text(1), target: row.text(2),
            processing: ProcessingRecord(
                id: row.integer(3), task: row.text(19), definition: row.text(20), scripts: row.optionalText(21),
                event: row.optionalInteger(22), params: row.text(23), priority: Int(row.integer(24)),
                status: ProcessingStatus(rawValue: row.text(5)) ?? .failed, outcome: row.optionalText(6),
                script: row.optionalText(7), reason: row.optionalText(8), createdAt: row.integer(25),
                startedAt: row.optionalInteger(9), endedAt: row.optionalInteger(10), run: Int(row.integer(4))),
            state: DeliveryState(rawValue: row.text(11)) ?? .failed, tries: Int(row.integer(12)),
            createdAt: row.integer(13), beganAt: row.integer(14), dueAt: row.integer(15),
            triedAt: row.optionalInteger(16), response: row.optionalInteger(17).map { Int($0) },
            error: row.optionalText(18))
    }
}
