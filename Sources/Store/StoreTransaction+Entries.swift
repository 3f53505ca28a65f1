extension StoreTransaction {
    /// Records that somebody enters; the record's `id` is not used.
    ///
    /// - Returns: the id that it gets. Ids are never given twice.
    package func insertEntry(_ entry: EntryRecord) throws(StoreError) -> Int64 {
        try connection.run(
            """
            INSERT INTO entry (processing, script, number, who, command, relaxed, snapshot, started_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, .integer(entry.processing), .text(entry.script), .integer(Int64(entry.number)), .text(entry.who),
            .optional(entry.command), .text(entry.relaxed.joined(separator: ",")),
            .integer(entry.snapshot ? 1 : 0), .integer(entry.startedAt))
        return connection.lastInsertedID
    }

    /// Records how an entry ended.
    package func endEntry(_ id: Int64, at: Int64, ending: String) throws(StoreError) {
        try connection.run(
            "UPDATE entry SET ended_at = ?, ending = ? WHERE id = ?", .integer(at), .text(ending), .integer(id))
    }
}

extension Store {
    /// Those of a Processing, in the order in which they began.
    package func entries(of processing: Int64) async throws(StoreError) -> [EntryRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "SELECT \(EntryRecord.columns) FROM entry WHERE processing = ? ORDER BY id", [.integer(processing)],
                EntryRecord.init)
        }
    }

    /// Those that have not ended.
    package func openEntries() async throws(StoreError) -> [EntryRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "SELECT \(EntryRecord.columns) FROM entry WHERE ended_at IS NULL ORDER BY id", [], EntryRecord.init)
        }
    }
}

extension EntryRecord {
    static let columns = "id, processing, script, number, who, command, relaxed, snapshot, started_at, ended_at, ending"

    init(_ row: Row) {
        self.init(
            id: row.integer(0), processing: row.integer(1), script: row.text(2), number: Int(row.integer(3)),
            who: row.text(4), command: row.optionalText(5),
            relaxed: row.text(6).split(separator: ",").map(String.init), snapshot: row.integer(7) != 0,
            startedAt: row.integer(8), endedAt: row.optionalInteger(9), ending: row.optionalText(10))
    }
}
