import Configuration
import Store

extension Launcher {
    /// Takes the Script that a Processing is at, or failed at, as done: it goes on with the next one, with the preserved
    /// /processing as it is.
    package func skip(
        processing id: Int64, script: String, by who: String, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        let event = Chain.Event.skipped(script: script, by: who)
        guard processings[id] != nil else { return try await skipInEnded(id, event, by: who, if: precondition) }
        try await checkSkip(id, event, if: precondition)
        let request = Request(precondition)
        post(.asked(event, actor: who, request), to: id)
        try await untilTaken(id, "to skip \(script) of")
        try request.check(id)
    }

    /// Throws why the Script cannot be skipped now.
    func checkSkip(_ id: Int64, _ event: Chain.Event, if precondition: Precondition) async throws(LauncherError) {
        try await check(precondition, of: id)
        if let live = processings[id] {
            var chain = live.chain
            _ = try taken(event, by: &chain)
        } else {
            _ = try await readyToSkip(id, event)
        }
    }

    /// An ended Processing in which the Script can be skipped now, as it would go on. Nothing is changed.
    private func readyToSkip(
        _ id: Int64, _ event: Chain.Event
    ) async throws(LauncherError) -> Revived {
        let record = try await record(of: id)
        guard !isStopping else { throw LauncherError(.unavailable, "the Launcher is stopping") }
        guard kept[id]?.isBeingRemoved != true, record.uidBlock != nil || record.startedAt == nil else {
            throw LauncherError(
                .conflict,
                "the directories of Processing \(id) are gone, and with them what the next Script would start from; "
                    + "rerun it from its first Script")
        }
        try refuseRerun(of: id, isFromStart: false)
        let revived = try await revive(record, event, .original)
        guard processings[id] == nil, kept[id]?.isBeingRemoved != true, kept[id]?.record.uidBlock == record.uidBlock
        else {
            throw LauncherError(
                .conflict, "Processing \(id) was changed by somebody else at the same moment; try again")
        }
        try refuseRerun(of: id, isFromStart: false)
        return revived
    }

    private func skipInEnded(
        _ id: Int64, _ event: Chain.Event, by who: String, if precondition: Precondition
    ) async throws(LauncherError) {
        _ = try await record(of: id)
        try await check(precondition, of: id)
        var revived = try await readyToSkip(id, event)
        let directories = kept.removeValue(forKey: id)
        processings[id] = revived.live
        processings[id]?.isBusy = true
        let at = now()
        revived.live.record = updated(revived.live.record, from: revived.live.chain, revived.actions, at: at)
        processings[id]?.record = revived.live.record
        let (row, actions) = (revived.live.record, revived.actions)
        let note = Self.note(event, by: who) ?? ""
        let notify = folder.host.notify
        do throws(LauncherError) {
            try await fromStore { () async throws(StoreError) in
                try await store.write { transaction throws(StoreError) in
                    try transaction.require(precondition, of: id)
                    try transaction.updateProcessing(row)
                    try transaction.forgetPreserved(id)
                    try transaction.note(note, on: id, at: at)
                    try Self.recordEnd(of: row, actions, tellingOf: notify, in: transaction)
                    try Self.tell(of: row, before: nil, event, at: at, in: transaction)
                }
            }
        } catch {
            processings[id] = nil
            kept[id] = directories
            throw error
        }
        LauncherLog.write(.info, "Script skipped", ("processing", "\(id)"), ("how", note))
        perform(actions, for: id)
        letGo(id)
    }
}
