import Synchronization

/// A change that was asked for, and what came of it.
package struct AuditRecord: Sendable, Hashable {
    /// Each kind is bounded by itself, so that many of one push out none of another.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case person
        case script
        /// By a person or a Script that had not the right.
        case refused
    }

    /// 0 before it is recorded.
    package var id: Int64
    package var at: Int64
    package var kind: Kind
    package var who: String
    package var origin: String
    package var method: String
    package var path: String
    package var body: String?
    package var status: Int
    package var request: String

    package init(
        id: Int64 = 0, at: Int64, kind: Kind, who: String, origin: String, method: String, path: String, body: String?,
        status: Int, request: String
    ) {
        self.id = id
        self.at = at
        self.kind = kind
        self.who = who
        self.origin = origin
        self.method = method
        self.path = path
        self.body = body
        self.status = status
        self.request = request
    }

    static let columns = "id, at, kind, who, origin, method, path, body, status, request"

    init(_ row: Row) {
        self.init(
            id: row.integer(0), at: row.integer(1), kind: Kind(rawValue: row.text(2)) ?? .person, who: row.text(3),
            origin: row.text(4), method: row.text(5), path: row.text(6), body: row.optionalText(7),
            status: Int(row.integer(8)), request: row.text(9))
    }
}

/// The audit log's entry of the request under way. The first transaction that the request's task commits takes it along: the
/// change and its entry are one, at the price of an INSERT and no fsync(2).
///
/// What the request's task starts inherits `current`, as the Launcher's own work that the request sets off. That is not the
/// request's change, and takes no entry along.
package final class PendingAudit: Sendable {
    /// The request's.
    @TaskLocal package static var current: PendingAudit?

    private enum State {
        case waiting
        /// A transaction under way has it.
        case taken
        case written(Int64)
        /// The request has ended.
        case closed
    }

    /// With the status that is to be expected.
    package let record: AuditRecord
    private let state = Mutex(State.waiting)
    private let task: Int?

    /// Belongs to the task that makes it.
    package init(_ record: AuditRecord) {
        self.record = record
        task = Self.currentTask
    }

    private static var currentTask: Int? { withUnsafeCurrentTask { $0?.hashValue } }

    /// The request has ended.
    ///
    /// - Returns: its id when it is on the disk.
    package func close() -> Int64? {
        state.withLock { state in
            defer { state = .closed }
            return if case .written(let id) = state { id } else { nil }
        }
    }

    /// - Returns: false when it is not the caller's to write, or has been written.
    func take() -> Bool {
        guard task == Self.currentTask else { return false }
        return state.withLock { state in
            guard case .waiting = state else { return false }
            state = .taken
            return true
        }
    }

    /// - Parameter id: nil when the transaction has failed.
    func settle(_ id: Int64?) { state.withLock { $0 = id.map(State.written) ?? .waiting } }
}

package struct AuditFilter: Sendable, Hashable {
    package var who: Set<String> = []
    package var methods: Set<String> = []
    /// What the path begins with.
    package var path: String?
    package var statuses: Set<Int> = []
    package var since: Int64?
    package var until: Int64?

    package init() {}
}

extension StoreTransaction {
    /// - Returns: the entry's id. Ids are never given twice.
    @discardableResult
    package func insertAudit(_ record: AuditRecord) throws(StoreError) -> Int64 {
        try connection.run(
            """
            INSERT INTO audit (at, kind, who, origin, method, path, body, status, request)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, .integer(record.at), .text(record.kind.rawValue), .text(record.who), .text(record.origin),
            .text(record.method), .text(record.path), .optional(record.body), .integer(Int64(record.status)),
            .text(record.request))
        return connection.lastInsertedID
    }

    package func correctAudit(_ id: Int64, status: Int, kind: AuditRecord.Kind) throws(StoreError) {
        try connection.run(
            "UPDATE audit SET status = ?, kind = ? WHERE id = ?", .integer(Int64(status)), .text(kind.rawValue),
            .integer(id))
    }

    /// Removes what is too old, and of each kind what is too much.
    package func trimAudit(before time: Int64, entries: Int) throws(StoreError) {
        for kind in AuditRecord.Kind.allCases {
            let beyond = try connection.first(
                "SELECT id FROM audit WHERE kind = ? ORDER BY id DESC LIMIT 1 OFFSET ?", .text(kind.rawValue),
                .integer(Int64(entries))
            ) { $0.integer(0) }
            if let beyond {
                try connection.run(
                    "DELETE FROM audit WHERE kind = ? AND id <= ?", .text(kind.rawValue), .integer(beyond))
            }
        }
        // Ids grow with time: the first one that is young enough ends what must be looked at. A clock that was set back
        // keeps entries a little longer.
        let young = try connection.first("SELECT id FROM audit WHERE at >= ? ORDER BY id LIMIT 1", .integer(time)) {
            $0.integer(0)
        }
        try connection.run("DELETE FROM audit WHERE id < ?", .integer(young ?? .max))
    }
}

extension Store {
    /// The audit log, newest first.
    package func audit(
        _ filter: AuditFilter, before: Int64?, limit: Int
    ) async throws(StoreError) -> ListPage<AuditRecord> {
        var conditions = ["id < ?"]
        var values: [Value] = [.integer(before ?? .max)]
        func among(_ column: String, _ allowed: [Value]) {
            guard !allowed.isEmpty else { return }
            conditions.append("\(column) IN (\(allowed.map { _ in "?" }.joined(separator: ", ")))")
            values += allowed
        }
        // With the plus it is no reason to use an index that does not have the list's order.
        among("+who", filter.who.sorted().map(Value.text))
        among("method", filter.methods.sorted().map(Value.text))
        among("status", filter.statuses.sorted().map { .integer(Int64($0)) })
        if let path = filter.path {
            conditions.append("substr(path, 1, ?) = ?")
            values += [.integer(Int64(path.unicodeScalars.count)), .text(path)]
        }
        if let since = filter.since {
            conditions.append("at >= ?")
            values.append(.integer(since))
        }
        if let until = filter.until {
            conditions.append("at < ?")
            values.append(.integer(until))
        }
        let (text, bound) = (conditions.joined(separator: " AND "), values + [.integer(Int64(limit) + 1)])
        return try await read { connection throws(StoreError) in
            let found = try connection.all(
                "SELECT \(AuditRecord.columns) FROM audit WHERE \(text) ORDER BY id DESC LIMIT ?", bound,
                AuditRecord.init)
            let items = Array(found.prefix(limit))
            return ListPage(
                items: items,
                next: found.count > limit ? items.last.map { ListPosition(key: $0.at, id: $0.id) } : nil)
        }
    }
}
