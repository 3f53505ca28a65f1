/// Counts of one Task since the store was made, kept as it goes.
package struct TaskStatistics: Sendable, Hashable {
    package var task: String
    package var waiting: Int
    package var running: Int
    /// Ended Processings by outcome name.
    package var ended: [String: Int]
    /// Sum over the ended ones, start to end.
    package var milliseconds: Int64

    package init(task: String, waiting: Int, running: Int, ended: [String: Int], milliseconds: Int64) {
        self.task = task
        self.waiting = waiting
        self.running = running
        self.ended = ended
        self.milliseconds = milliseconds
    }
}

extension Store {
    package func processing(_ id: Int64) async throws(StoreError) -> ProcessingRecord? {
        try await read { connection throws(StoreError) in
            try connection.first(
                "SELECT \(ProcessingRecord.columns) FROM processing WHERE id = ?", .integer(id),
                read: ProcessingRecord.init)
        }
    }

    /// In the order in which they were started.
    package func attempts(of processing: Int64) async throws(StoreError) -> [AttemptRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "SELECT \(AttemptRecord.columns) FROM attempt WHERE processing = ? ORDER BY started_at, number",
                [.integer(processing)], AttemptRecord.init)
        }
    }

    package func event(_ id: Int64) async throws(StoreError) -> EventRecord? {
        try await read { connection throws(StoreError) in try StoreTransaction(connection: connection).event(id) }
    }

    package func processings(ofEvent event: Int64) async throws(StoreError) -> [Int64] {
        try await read { connection throws(StoreError) in
            try StoreTransaction(connection: connection).processings(ofEvent: event)
        }
    }

    package func journal(of processing: Int64) async throws(StoreError) -> [JournalEntry] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "SELECT at, text FROM journal WHERE processing = ? ORDER BY id", [.integer(processing)]
            ) { JournalEntry(at: $0.integer(0), text: $0.text(1)) }
        }
    }

    package func definition(_ hash: String) async throws(StoreError) -> String? {
        try await read { connection throws(StoreError) in
            try connection.first("SELECT content FROM definition WHERE hash = ?", .text(hash)) { $0.text(0) }
        }
    }

    package func tasks() async throws(StoreError) -> [TaskRecord] {
        try await read { connection throws(StoreError) in
            try connection.all("SELECT name, paused, pause_reason, last_tick FROM task") {
                TaskRecord(
                    name: $0.text(0), paused: $0.integer(1) != 0, pauseReason: $0.optionalText(2),
                    lastTick: $0.optionalInteger(3))
            }
        }
    }

    /// Those that have not ended, oldest first.
    package func openProcessings() async throws(StoreError) -> [ProcessingRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                """
                SELECT \(ProcessingRecord.columns) FROM processing INDEXED BY processing_open
                WHERE status IN ('waiting', 'running') ORDER BY id
                """, [], ProcessingRecord.init)
        }
    }

    /// Those that have ended and whose directories are still there.
    package func keptProcessings() async throws(StoreError) -> [ProcessingRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                """
                SELECT \(ProcessingRecord.columns) FROM processing INDEXED BY processing_kept
                WHERE uid_block IS NOT NULL AND status NOT IN ('waiting', 'running')
                """, [], ProcessingRecord.init)
        }
    }

    package func statistics() async throws(StoreError) -> [TaskStatistics] {
        try await read { connection throws(StoreError) in
            var tasks: [String: TaskStatistics] = [:]
            func change(_ task: String, _ body: (inout TaskStatistics) -> Void) {
                body(
                    &tasks[
                        task, default: TaskStatistics(task: task, waiting: 0, running: 0, ended: [:], milliseconds: 0)])
            }
            let open = try connection.all(
                """
                SELECT task, status, count(*) FROM processing INDEXED BY processing_open
                WHERE status IN ('waiting', 'running') GROUP BY task, status
                """
            ) { ($0.text(0), $0.text(1), Int($0.integer(2))) }
            for (task, status, count) in open {
                change(task) { if status == "waiting" { $0.waiting = count } else { $0.running = count } }
            }
            let ended = try connection.all(
                "SELECT task, outcome, count, milliseconds FROM statistic_total WHERE script = ''"
            ) { ($0.text(0), $0.text(1), Int($0.integer(2)), $0.integer(3)) }
            for (task, outcome, count, milliseconds) in ended {
                change(task) {
                    $0.ended[outcome] = count
                    $0.milliseconds += milliseconds
                }
            }
            return tasks.values.sorted { $0.task < $1.task }
        }
    }
}
