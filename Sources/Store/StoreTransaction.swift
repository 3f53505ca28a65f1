/// What can be done within one transaction of the store. Not to be kept beyond it.
package struct StoreTransaction {
    let connection: Connection

    // MARK: Events

    /// Records an Event.
    ///
    /// - Returns: its id, or the id of the one of the same type and key that is there already, when `force` is false.
    package func insertEvent(_ event: EventRecord, force: Bool) throws(StoreError) -> (id: Int64, isNew: Bool) {
        if !force {
            let there = try connection.first(
                "SELECT id FROM event WHERE type = ? AND key = ? ORDER BY repetition LIMIT 1", .text(event.type),
                .text(event.key)
            ) { $0.integer(0) }
            if let there { return (there, false) }
        }
        try connection.run(
            """
            INSERT INTO event (type, key, repetition, params, source, created_at)
            VALUES (?1, ?2, (SELECT coalesce(max(repetition) + 1, 0) FROM event WHERE type = ?1 AND key = ?2), ?3, ?4, ?5)
            """, .text(event.type), .text(event.key), .text(event.params), .text(event.source),
            .integer(event.createdAt))
        return (connection.lastInsertedID, true)
    }

    package func event(_ id: Int64) throws(StoreError) -> EventRecord? {
        try connection.first(
            "SELECT \(EventRecord.columns) FROM event WHERE id = ?", .integer(id), read: EventRecord.init)
    }

    package func processings(ofEvent event: Int64) throws(StoreError) -> [Int64] {
        try connection.all("SELECT id FROM processing WHERE event = ? ORDER BY id", [.integer(event)]) { $0.integer(0) }
    }

    // MARK: Processings

    /// Keeps a definition's text under its hash; nothing when it is there.
    package func keepDefinition(hash: String, content: String) throws(StoreError) {
        try connection.run(
            "INSERT OR IGNORE INTO definition (hash, content) VALUES (?, ?)", .text(hash), .text(content))
    }

    /// Records a new Processing; its `id` is not used.
    ///
    /// - Returns: the id that it gets. Ids are never given twice.
    package func insertProcessing(_ processing: ProcessingRecord) throws(StoreError) -> Int64 {
        try connection.run(
            """
            INSERT INTO processing (task, definition, scripts, event, params, priority, status, run, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .text(processing.task), .text(processing.definition), .optional(processing.scripts),
            .optional(processing.event), .text(processing.params), .integer(Int64(processing.priority)),
            .text(processing.status.rawValue), .integer(Int64(processing.run)), .integer(processing.createdAt))
        return connection.lastInsertedID
    }

    /// Writes what changes in a Processing's life.
    package func updateProcessing(_ processing: ProcessingRecord) throws(StoreError) {
        try connection.run(
            """
            UPDATE processing SET definition = ?, scripts = ?, status = ?, outcome = ?, script = ?, reason = ?, run = ?,
            started_at = ?, ended_at = ?, uid_block = ?, expires_at = ?, priority = ?, cause = ?, revision = revision + 1
            WHERE id = ?
            """, .text(processing.definition), .optional(processing.scripts), .text(processing.status.rawValue),
            .optional(processing.outcome), .optional(processing.script), .optional(processing.reason),
            .integer(Int64(processing.run)), .optional(processing.startedAt), .optional(processing.endedAt),
            .optional(processing.uidBlock.map(Int64.init)), .optional(processing.expiresAt),
            .integer(Int64(processing.priority)), .optional(processing.cause), .integer(processing.id))
    }

    /// How often the Processing's state was written; 0 when there is none.
    package func revision(of processing: Int64) throws(StoreError) -> Int64 {
        try connection.first("SELECT revision FROM processing WHERE id = ?", .integer(processing)) { $0.integer(0) }
            ?? 0
    }

    /// Something of the Processing has changed that is not in its row.
    package func touchProcessing(_ id: Int64) throws(StoreError) {
        try connection.run("UPDATE processing SET revision = revision + 1 WHERE id = ?", .integer(id))
    }

    // MARK: Attempts

    /// Records a new attempt, or one that begins again under its number because it had never started.
    package func putAttempt(_ attempt: AttemptRecord) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO attempt (\(AttemptRecord.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET state = excluded.state, outcome = excluded.outcome, detail = excluded.detail,
            ending = excluded.ending, progress = excluded.progress, progress_text = excluded.progress_text,
            started_at = excluded.started_at, ended_at = excluded.ended_at, boot = excluded.boot,
            wishes = excluded.wishes, queued_at = excluded.queued_at, cause = excluded.cause
            """, .integer(attempt.processing), .text(attempt.script), .integer(Int64(attempt.number)),
            .integer(Int64(attempt.run)), .text(attempt.state.rawValue), .optional(attempt.outcome),
            .optional(attempt.outcomeDetail), .optional(attempt.ending), .optional(attempt.progress),
            .optional(attempt.progressText), .integer(attempt.startedAt), .optional(attempt.endedAt),
            .optional(attempt.boot), .optional(attempt.wishes), .optional(attempt.queuedAt), .optional(attempt.cause))
    }

    /// Takes back an attempt that was recorded and never started.
    package func removeAttempt(of processing: Int64, script: String, number: Int) throws(StoreError) {
        try connection.run(
            "DELETE FROM attempt WHERE processing = ? AND script = ? AND number = ? AND state <> 'ended'",
            .integer(processing), .text(script), .integer(Int64(number)))
    }

    package func note(_ text: String, on processing: Int64, at: Int64) throws(StoreError) {
        try connection.run(
            "INSERT INTO journal (processing, at, text) VALUES (?, ?, ?)", .integer(processing), .integer(at),
            .text(text))
    }

    // MARK: Tasks

    /// Records that the Task is paused, or that it is not. Its last tick is left alone: a tick may be under way.
    package func savePause(_ paused: Bool, reason: String?, task: String) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO task (name, paused, pause_reason) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET paused = excluded.paused, pause_reason = excluded.pause_reason
            """, .text(task), .integer(paused ? 1 : 0), .optional(reason))
    }

    /// Records the Task's last tick. Its pause is left alone: it may be paused at the same moment.
    package func saveTick(_ last: Int64?, task: String) throws(StoreError) {
        try connection.run(
            "INSERT INTO task (name, last_tick) VALUES (?, ?) ON CONFLICT DO UPDATE SET last_tick = excluded.last_tick",
            .text(task), .optional(last))
    }
}

extension StoreTransaction {
    /// Writes a running attempt's progress; nothing when it has ended.
    package func saveProgress(_ attempt: AttemptRecord) throws(StoreError) {
        try connection.run(
            """
            UPDATE attempt SET progress = ?, progress_text = ?
            WHERE processing = ? AND script = ? AND number = ? AND state <> 'ended'
            """, .optional(attempt.progress), .optional(attempt.progressText), .integer(attempt.processing),
            .text(attempt.script), .integer(Int64(attempt.number)))
    }

    /// Writes what a running attempt's Script asked for; nothing when it has ended.
    package func saveWishes(_ attempt: AttemptRecord) throws(StoreError) {
        try connection.run(
            "UPDATE attempt SET wishes = ? WHERE processing = ? AND script = ? AND number = ? AND state <> 'ended'",
            .optional(attempt.wishes), .integer(attempt.processing), .text(attempt.script),
            .integer(Int64(attempt.number)))
    }

    /// Writes how a running attempt asked to be ended; nothing when it has ended.
    package func saveEnding(_ attempt: AttemptRecord) throws(StoreError) {
        try connection.run(
            "UPDATE attempt SET ending = ? WHERE processing = ? AND script = ? AND number = ? AND state <> 'ended'",
            .optional(attempt.ending), .integer(attempt.processing), .text(attempt.script),
            .integer(Int64(attempt.number)))
    }
}
