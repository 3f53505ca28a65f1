import Configuration
import Glibc
package import Store

extension Launcher {
    // MARK: Pins

    /// Keeps a Processing's directories until `unpin`. Survives a restart.
    package func pin(
        processing id: Int64, reason: String?, by who: String, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        let record = try await checkPin(id, if: precondition)
        let before = pins[id]
        let pin = PinRecord(processing: id, who: who, reason: reason, at: now())
        // Before anything is awaited: from now on they are held.
        pins[id] = pin
        let note = "pinned by \(who)" + (reason.map { ": \($0)" } ?? "")
        do throws(LauncherError) {
            try await write(note, on: id, if: precondition) { transaction throws(StoreError) in
                try transaction.savePin(pin)
                try transaction.tell(ChangeRecord(.pinned, of: record, at: pin.at))
            }
        } catch {
            pins[id] = before
            throw error
        }
    }

    /// Throws why it cannot be pinned now.
    @discardableResult
    func checkPin(_ id: Int64, if precondition: Precondition) async throws(LauncherError) -> ProcessingRecord {
        let record = try await record(of: id)
        try await check(precondition, of: id)
        guard processings[id] != nil || kept[id] != nil else { throw Self.gone(id) }
        guard kept[id]?.isBeingRemoved != true else {
            throw LauncherError(.conflict, "the directories of Processing \(id) are being removed already")
        }
        return record
    }

    package func unpin(
        processing id: Int64, by who: String, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        try await checkUnpin(id, if: precondition)
        let (record, at) = (try await record(of: id), now())
        try await write("unpinned by \(who)", on: id, if: precondition) { transaction throws(StoreError) in
            try transaction.removePin(of: id)
            try transaction.tell(ChangeRecord(.unpinned, of: record, at: at))
        }
        pins[id] = nil
        await lookAtTime()
    }

    /// Throws why it cannot be unpinned now.
    func checkUnpin(_ id: Int64, if precondition: Precondition) async throws(LauncherError) {
        _ = try await record(of: id)
        try await check(precondition, of: id)
        guard pins[id] != nil else { throw LauncherError(.conflict, "Processing \(id) is not pinned") }
    }

    package func pin(of id: Int64) -> PinRecord? { pins[id] }

    private func write(
        _ note: String, on id: Int64, if precondition: Precondition,
        _ body: @escaping @Sendable (StoreTransaction) throws(StoreError) -> Void
    ) async throws(LauncherError) {
        let at = now()
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                try transaction.require(precondition, of: id)
                try body(transaction)
                try transaction.touchProcessing(id)
                try transaction.note(note, on: id, at: at)
            }
        }
    }

    private static func gone(_ id: Int64) -> LauncherError {
        LauncherError(.conflict, "the directories of Processing \(id) are gone, or were never made")
    }

    // MARK: Releasing

    /// Lets an ended Processing's directories go now, before their time.
    package func release(
        processing id: Int64, by who: String, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        try await checkRelease(id, if: precondition)
        beginRemoval(of: id, .released(by: who))
    }

    /// Throws why its directories cannot go now. What holds when this returns holds until something is awaited.
    func checkRelease(_ id: Int64, if precondition: Precondition) async throws(LauncherError) {
        _ = try await record(of: id)
        try await check(precondition, of: id)
        // Read after that, so that it is newer than what was asked about, or the same.
        let record = try await record(of: id)
        if case .version = precondition, !precondition.allows(record.version) {
            throw LauncherError(.preconditionFailed, "Processing \(id) was changed by somebody else at the same moment")
        }
        guard processings[id] == nil else {
            throw LauncherError(.conflict, "Processing \(id) has not ended; cancel it first, or wait for its end")
        }
        guard record.uidBlock != nil, kept[id] != nil else { throw Self.gone(id) }
        let holders = holders(of: id)
        guard holders.isEmpty else {
            let unpin = pins[id] == nil ? "" : "; altp unpin \(id) lets it go"
            throw LauncherError(
                .conflict,
                "Processing \(id) is \(holders.map(\.description).joined(separator: ", and "))\(unpin)")
        }
    }

    // MARK: Collecting

    /// Removes what may go: what is due, what `keep_free` asks for, and with `free` as much as it takes until so many bytes
    /// are free.
    package func collect(free: Int64?, dryRun: Bool, by who: String) async throws(LauncherError) -> CollectionReport {
        lookAtDisk()
        let candidates = candidates()
        let expired = Set(Retention.expired(candidates, now: now()))
        var shortage = disk.shortage(for: 0)
        if let free { shortage = max(shortage, free - disk.volume.free) }
        // What goes anyhow makes room too.
        let rest = candidates.map { candidate in
            var candidate = candidate
            candidate.isBeingRemoved = candidate.isBeingRemoved || expired.contains(candidate.id)
            return candidate
        }
        let room = Retention.room(for: shortage, rest)
        var report = CollectionReport(
            total: disk.volume.total, free: disk.volume.free, keepFree: disk.guaranteed, reserved: disk.outstanding,
            removed: [], stays: [], missing: room.missing)
        let causes = Dictionary(
            uniqueKeysWithValues: expired.map { ($0, Retention.Cause.keepTime) }
                + room.remove.map { ($0, Retention.Cause.collected(by: who)) })
        for id in kept.keys.sorted() {
            guard let directories = kept[id] else { continue }
            var item = CollectionReport.Item(
                processing: id, task: directories.record.task, status: directories.record.status,
                bytes: directories.bytes, cause: (causes[id] ?? directories.removal)?.description,
                holders: holders(of: id).map(\.description), keptUntil: directories.record.expiresAt)
            if item.cause != nil {
                if directories.isBeingRemoved { item.holders.append("being removed") }
                report.removed.append(item)
            } else {
                report.stays.append(item)
            }
        }
        for live in processings.values.sorted(by: { $0.record.id < $1.record.id }) where live.record.uidBlock != nil {
            report.stays.append(
                CollectionReport.Item(
                    processing: live.record.id, task: live.record.task, status: live.chain.status, bytes: nil,
                    cause: nil, holders: holders(of: live.record.id).map(\.description), keptUntil: nil))
        }
        if !dryRun {
            for (id, cause) in causes { beginRemoval(of: id, cause) }
        }
        return report
    }
}
