import Store

extension Launcher {
    /// Takes the Script that a Processing is at, or failed at, as done: it goes on with the next one, with the preserved
    /// /processing as it is.
    package func skip(processing id: Int64, script: String, by who: String) async throws(LauncherError) {
        let event = Chain.Event.skipped(script: script, by: who)
        guard let live = processings[id] else { return try await skipInEnded(id, event, by: who) }
        var chain = live.chain
        _ = try taken(event, by: &chain)
        post(.event(event, actor: who), to: id)
        try await untilTaken(id, "to skip \(script) of")
    }

    private func skipInEnded(_ id: Int64, _ event: Chain.Event, by who: String) async throws(LauncherError) {
        let record = try await record(of: id)
        guard !isStopping else { throw LauncherError(.unavailable, "the Launcher is stopping") }
        guard kept[id]?.isBeingRemoved != true, record.uidBlock != nil || record.startedAt == nil else {
            throw LauncherError(
                .conflict,
                "the directories of Processing \(id) are gone, and with them what the next Script would start from; "
                    + "rerun it from its first Script")
        }
        try refuseRerun(of: id, isFromStart: false)
        var revived = try await revive(record, event, .original)
        guard processings[id] == nil, kept[id]?.isBeingRemoved != true, kept[id]?.record.uidBlock == record.uidBlock
        else {
            throw LauncherError(
                .conflict, "Processing \(id) was changed by somebody else at the same moment; try again")
        }
        try refuseRerun(of: id, isFromStart: false)
        let directories = kept.removeValue(forKey: id)
        processings[id] = revived.live
        processings[id]?.isBusy = true
        let at = now()
        revived.live.record = updated(revived.live.record, from: revived.live.chain, revived.actions, at: at)
        processings[id]?.record = revived.live.record
        let (row, actions) = (revived.live.record, revived.actions)
        let note = Self.note(event, by: who) ?? ""
        do throws(LauncherError) {
            try await fromStore { () async throws(StoreError) in
                try await store.write { transaction throws(StoreError) in
                    try transaction.updateProcessing(row)
                    try transaction.forgetPreserved(id)
                    try transaction.note(note, on: id, at: at)
                    try Self.recordEnd(of: row, actions, in: transaction)
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
