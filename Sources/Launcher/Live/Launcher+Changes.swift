import Store

extension Launcher {
    /// What a Processing's step changed, told in the transaction that records it.
    static func tell(
        of record: ProcessingRecord, before: ProcessingRecord?, _ event: Chain.Event?, at: Int64,
        in transaction: StoreTransaction
    ) throws(StoreError) {
        if record.status.isFinal {
            try transaction.tell(ChangeRecord(.ended, of: record, at: at))
            return
        }
        switch event {
        case .cancelled: try transaction.tell(ChangeRecord(.cancelling, of: record, at: at))
        case .skipped: try transaction.tell(ChangeRecord(.skipped, of: record, at: at))
        case .rerun: try transaction.tell(ChangeRecord(.rerun, of: record, at: at))
        default:
            if before?.status == .waiting, record.status == .running {
                try transaction.tell(ChangeRecord(.started, of: record, at: at))
            }
        }
    }

    /// Tells of what no other transaction records. That it cannot be told, as on a full disk, is for the log.
    func tell(_ changes: [ChangeRecord]) async {
        guard !changes.isEmpty else { return }
        do throws(StoreError) {
            try await store.write { transaction throws(StoreError) in
                for change in changes { try transaction.tell(change) }
            }
        } catch {
            LauncherLog.write(.warning, "a change is not told of", ("error", error.description))
        }
    }

    /// Tells of it beside everything else.
    func tellSoon(_ change: ChangeRecord) {
        Task { await self.tell([change]) }
    }
}
