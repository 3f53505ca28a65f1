import Synchronization

/// Something that happened, as the stream tells it.
package struct ChangeRecord: Sendable, Hashable {
    package enum Topic: String, Sendable, Hashable, CaseIterable {
        case processings, attempts, events, tasks, host
    }

    package enum Kind: String, Sendable, Hashable, CaseIterable {
        // Processings
        case created, started, ended, rerun, cancelling, skipped, pinned, unpinned
        /// Its directories are gone.
        case removed
        // Attempts begin and end too.
        /// An attempt that was recorded never started: its number is given again.
        case withdrawn
        // Events
        case received
        // Tasks
        case paused, resumed, added, changed
        // The host starts too.
        case stopping, reloaded
        case diskShort = "disk_short"
        case diskEnough = "disk_enough"
    }

    /// Given by the store: it grows with each.
    package var id: Int64 = 0
    package var at: Int64
    package var topic: Topic
    package var kind: Kind
    package var task: String?
    package var processing: Int64?
    package var run: Int?
    package var script: String?
    package var number: Int?
    package var event: Int64?
    package var status: ProcessingStatus?
    package var outcome: String?
    package var reason: String?
    package var startedAt: Int64?
    package var endedAt: Int64?

    package init(_ topic: Topic, _ kind: Kind, at: Int64, task: String? = nil, reason: String? = nil) {
        self.topic = topic
        self.kind = kind
        self.at = at
        self.task = task
        self.reason = reason
    }

    /// Of a Processing, as it then was.
    package init(_ kind: Kind, of processing: ProcessingRecord, at: Int64) {
        self.init(.processings, kind, at: at, task: processing.task, reason: processing.reason)
        self.processing = processing.id
        run = processing.run
        script = processing.script
        event = processing.event
        status = processing.status
        outcome = processing.outcome
        startedAt = processing.startedAt
        endedAt = processing.endedAt
    }

    /// Of an attempt, as it then was.
    package init(_ kind: Kind, of attempt: AttemptRecord, task: String, reason: String? = nil, at: Int64) {
        self.init(.attempts, kind, at: at, task: task, reason: reason)
        processing = attempt.processing
        run = attempt.run
        script = attempt.script
        number = attempt.number
        outcome = attempt.outcome
        startedAt = attempt.startedAt
        endedAt = attempt.endedAt
    }
}

/// A change with what belongs to it and never changes.
package struct ChangeRow: Sendable, Hashable {
    package var change: ChangeRecord
    /// As it was at the change, for one of a Processing.
    package var processing: ProcessingRecord?
    /// For one of an Event.
    package var event: EventRecord?
}

extension StoreTransaction {
    /// Records a change, to be told once this transaction is durable.
    package func tell(_ change: ChangeRecord) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO change (at, topic, kind, task, processing, run, script, number, event, status, outcome, reason,
            started_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .integer(change.at), .text(change.topic.rawValue), .text(change.kind.rawValue), .optional(change.task),
            .optional(change.processing), .optional(change.run.map(Int64.init)), .optional(change.script),
            .optional(change.number.map(Int64.init)), .optional(change.event), .optional(change.status?.rawValue),
            .optional(change.outcome), .optional(change.reason), .optional(change.startedAt),
            .optional(change.endedAt))
        connection.toldChanges += 1
    }
}

/// What of the changes is kept, and who is told that there are new ones.
final class ChangeLog: Sendable {
    /// Changes after which the oldest are looked at.
    private static let trimInterval = 256
    /// Most that are removed at once, so that no commit waits for long. More than there come meanwhile.
    private static let trimPiece = 1024

    let listener = Listener<Void>()
    private let untrimmed = Atomic<Int>(0)
    private let kept = Atomic<Int64>(200_000)

    var keep: Int64 {
        get { kept.load(ordering: .relaxed) }
        set { kept.store(newValue, ordering: .relaxed) }
    }

    /// - Returns: whether it is time to remove old ones.
    func committed(_ count: Int) -> Bool {
        listener.tell(())
        guard untrimmed.add(count, ordering: .relaxed).newValue >= Self.trimInterval else { return false }
        untrimmed.store(0, ordering: .relaxed)
        return true
    }

    static func trim(_ connection: Connection, keep: Int64) throws(StoreError) {
        let bounds = try connection.first("SELECT min(id), max(id) FROM change") { ($0.integer(0), $0.integer(1)) }
        guard let (first, last) = bounds, first <= last - keep else { return }
        try connection.run("DELETE FROM change WHERE id <= ?", .integer(min(last - keep, first + Int64(trimPiece) - 1)))
    }
}

extension Store {
    /// Has a function called after each commit that holds changes, on the writer's thread: it must not block.
    package func onChanges(_ body: @escaping @Sendable () -> Void) { changeLog.listener.set(body) }

    /// How many changes are kept.
    package func keepChanges(_ count: Int) { changeLog.keep = Int64(count) }

    /// A reader of the changes with a connection of its own.
    package func changeReader() throws(StoreError) -> ChangeReader {
        ChangeReader(try Connection(path: path, readOnly: true))
    }
}

/// Reads changes, for one queue.
///
/// `@unchecked`: who has it uses it on one serial queue alone.
package final class ChangeReader: @unchecked Sendable {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// The first and the last id of those that are kept; nil when there is none.
    package func bounds() throws(StoreError) -> ClosedRange<Int64>? {
        let row = try connection.first("SELECT min(id), max(id) FROM change") { row in
            row.isNull(0) ? nil : row.integer(0)...row.integer(1)
        }
        return row ?? nil
    }

    /// The changes that come after one, in order.
    package func changes(after id: Int64, limit: Int) throws(StoreError) -> [ChangeRow] {
        try connection.all(
            """
            SELECT c.id, c.at, c.topic, c.kind, c.task, c.processing, c.run, c.script, c.number, c.event, c.status,
            c.outcome, c.reason, c.started_at, c.ended_at, p.definition, p.scripts, p.params, p.priority, p.created_at,
            e.type, e.key, e.params, e.source, e.created_at FROM change c
            LEFT JOIN processing p ON c.topic = 'processings' AND p.id = c.processing
            LEFT JOIN event e ON c.topic = 'events' AND e.id = c.event
            WHERE c.id > ? ORDER BY c.id LIMIT ?
            """, [.integer(id), .integer(Int64(limit))], ChangeRow.init)
    }
}

extension ChangeRow {
    fileprivate init(_ row: Row) {
        // Names that this version does not know cannot be: the schema's version would be greater.
        var change = ChangeRecord(
            ChangeRecord.Topic(rawValue: row.text(2)) ?? .host, ChangeRecord.Kind(rawValue: row.text(3)) ?? .changed,
            at: row.integer(1), task: row.optionalText(4), reason: row.optionalText(12))
        change.id = row.integer(0)
        change.processing = row.optionalInteger(5)
        change.run = row.optionalInteger(6).map { Int($0) }
        change.script = row.optionalText(7)
        change.number = row.optionalInteger(8).map { Int($0) }
        change.event = row.optionalInteger(9)
        change.status = row.optionalText(10).flatMap { ProcessingStatus(rawValue: $0) }
        change.outcome = row.optionalText(11)
        change.startedAt = row.optionalInteger(13)
        change.endedAt = row.optionalInteger(14)
        self.change = change
        if let definition = row.optionalText(15), let status = change.status {
            processing = ProcessingRecord(
                id: change.processing ?? 0, task: change.task ?? "", definition: definition,
                scripts: row.optionalText(16), event: change.event, params: row.text(17),
                priority: Int(row.integer(18)), status: status, outcome: change.outcome, script: change.script,
                reason: change.reason, createdAt: row.integer(19), startedAt: change.startedAt,
                endedAt: change.endedAt, run: change.run ?? 1)
        }
        if let type = row.optionalText(20) {
            event = EventRecord(
                id: change.event ?? 0, type: type, key: row.text(21), params: row.text(22), source: row.text(23),
                createdAt: row.integer(24))
        }
    }
}
