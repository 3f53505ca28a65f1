import Configuration
import Store
import Synchronization

/// Writes the audit log.
///
/// An entry is durable when its request is answered. Where the request changed the store, the entry was part of the change's
/// own transaction (`PendingAudit`): no second fsync(2), nothing changed without an entry. Where it changed nothing there (a
/// refusal, a reload), the answer waits for the entry, which is committed together with what else is being written.
final class AuditTrail: Sendable {
    private let store: Store
    private let retention: AuditRetention
    private let log: @Sendable (String) -> Void
    private let written = Atomic(0)

    /// Entries after which the oldest are looked at.
    private static let trimInterval = 500

    init(store: Store, retention: AuditRetention, log: @escaping @Sendable (String) -> Void) {
        self.store = store
        self.retention = retention
        self.log = log
    }

    /// Runs a request's handler, and sees that its entry is on the disk when this returns.
    ///
    /// - Parameter entry: with the status of a success.
    func follow(_ entry: AuditRecord, _ body: @Sendable () async -> HTTPResponse) async -> HTTPResponse {
        let pending = PendingAudit(entry)
        let response = await PendingAudit.$current.withValue(pending) { await body() }
        var record = entry
        record.status = response.status
        if [401, 403].contains(response.status) { record.kind = .refused }
        if let id = pending.close() {
            if record != entry { correct(id, record) }
        } else {
            await write(record)
        }
        if written.add(1, ordering: .relaxed).newValue % Self.trimInterval == 1 { trim(at: entry.at) }
        return response
    }

    private func write(_ record: AuditRecord) async {
        do {
            _ = try await store.write { transaction throws(StoreError) in try transaction.insertAudit(record) }
        } catch {
            // The log is then what is left of it.
            log("audit: \(record.who) (\(record.origin)) \(record.method) \(record.path) \(record.status): \(error)")
        }
    }

    /// The change and its entry are there: only how the answer came out is amended, and nobody waits for that.
    private func correct(_ id: Int64, _ record: AuditRecord) {
        Task.detached { [store, log] in
            do {
                try await store.write { transaction throws(StoreError) in
                    try transaction.correctAudit(id, status: record.status, kind: record.kind)
                }
            } catch {
                log("audit: entry \(id) has the status \(record.status): \(error)")
            }
        }
    }

    private func trim(at now: Int64) {
        Task.detached { [store, log, retention] in
            do {
                try await store.write { transaction throws(StoreError) in
                    try transaction.trimAudit(before: now - retention.keep.milliseconds, entries: retention.entries)
                }
            } catch {
                log("audit: old entries could not be removed: \(error)")
            }
        }
    }
}
