// The columns of each table in the order in which its rows are read.

extension EventRecord {
    static let columns = "id, type, key, params, source, created_at"

    init(_ row: Row) {
        self.init(
            id: row.integer(0), type: row.text(1), key: row.text(2), params: row.text(3), source: row.text(4),
            createdAt: row.integer(5))
    }
}

extension ProcessingRecord {
    static let columns = """
        id, task, definition, scripts, event, params, priority, status, outcome, script, reason, created_at, started_at, \
        ended_at, uid_block, run, expires_at, cause, revision
        """

    init(_ row: Row) {
        self.init(
            id: row.integer(0), task: row.text(1), definition: row.text(2), scripts: row.optionalText(3),
            event: row.optionalInteger(4), params: row.text(5), priority: Int(row.integer(6)),
            // A status that this version does not know cannot be: the schema's version would be greater.
            status: ProcessingStatus(rawValue: row.text(7)) ?? .failed, outcome: row.optionalText(8),
            script: row.optionalText(9), reason: row.optionalText(10), createdAt: row.integer(11),
            startedAt: row.optionalInteger(12), endedAt: row.optionalInteger(13),
            uidBlock: row.optionalInteger(14).map { UInt32(truncatingIfNeeded: $0) }, run: Int(row.integer(15)),
            expiresAt: row.optionalInteger(16), cause: row.optionalText(17))
        revision = row.integer(18)
    }
}

extension AttemptRecord {
    static let columns = """
        processing, script, number, run, state, outcome, detail, ending, progress, progress_text, started_at, ended_at, \
        boot, wishes, queued_at, cause
        """

    init(_ row: Row) {
        self.init(
            processing: row.integer(0), script: row.text(1), number: Int(row.integer(2)), run: Int(row.integer(3)),
            state: AttemptState(rawValue: row.text(4)) ?? .ended, outcome: row.optionalText(5),
            outcomeDetail: row.optionalText(6), ending: row.optionalText(7), progress: row.optionalReal(8),
            progressText: row.optionalText(9), startedAt: row.integer(10), endedAt: row.optionalInteger(11),
            boot: row.optionalText(12), wishes: row.optionalText(13), queuedAt: row.optionalInteger(14),
            cause: row.optionalText(15))
    }
}
