package import Configuration
import Glibc
package import Sandbox
package import Store

extension Launcher {
    // MARK: Tasks

    package func tasks() -> [TaskState] {
        liveTasks.values.sorted { $0.definition.name < $1.definition.name }.map(state(of:))
    }

    package func task(_ name: String) throws(LauncherError) -> TaskState { state(of: try known(name)) }

    private func state(of task: LiveTask) -> TaskState {
        let own = processings.values.filter { $0.record.task == task.definition.name }
        return TaskState(
            definition: task.definition, paused: task.record.paused, pauseReason: task.record.pauseReason,
            nextTick: task.record.paused ? nil : task.ticks?.next(now: now()),
            waiting: own.count { $0.chain.status == .waiting }, running: own.count { $0.chain.status == .running },
            problem: task.problem, version: version(of: task))
    }

    /// What `pause` and `resume` change, and the definition. Another start of the Launcher gives other versions: it may have
    /// found other files.
    private func version(of task: LiveTask) -> String {
        let record = task.record
        let parts = [
            "\(startedAt)", "\(task.changes)", task.definitionHash, "\(record.paused)", record.pauseReason ?? "",
            task.problem ?? "",
        ]
        return String(SHA256.of(parts.joined(separator: "\u{0}")).prefix(12))
    }

    /// Starts nothing of the Task any more; what runs goes on. Survives a restart.
    package func pause(
        task name: String, by source: String, reason: String?, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        let text = "by \(source)" + (reason.map { ": \($0)" } ?? "")
        try await setPaused(name, true, reason: text, if: precondition)
    }

    package func resume(
        task name: String, by source: String, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        try await setPaused(name, false, reason: nil, if: precondition)
        await lookAtTime()
    }

    private func setPaused(
        _ name: String, _ paused: Bool, reason: String?, if precondition: Precondition
    ) async throws(LauncherError) {
        let version = version(of: try known(name))
        guard precondition.allows(version) else {
            throw LauncherError(
                .preconditionFailed,
                "Task \(name) has changed since it was looked at; its version is \(version) now. Look at it again, and "
                    + "decide anew")
        }
        // Before anything is awaited: who has seen the same version and comes second is refused.
        liveTasks[name]?.changes += 1
        let at = now()
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                try transaction.savePause(paused, reason: reason, task: name)
                try transaction.tell(
                    ChangeRecord(.tasks, paused ? .paused : .resumed, at: at, task: name, reason: reason))
            }
        }
        liveTasks[name]?.record.paused = paused
        liveTasks[name]?.record.pauseReason = reason
        admission.setPaused(paused, task: name)
        LauncherLog.write(.info, paused ? "Task paused" : "Task resumed", ("task", name), ("why", reason ?? ""))
        admitSoon()
        scheduleTimer()
    }

    // MARK: What is told to whom

    /// Those who are told when a Processing has ended, as altp.yaml has them now.
    package func notificationTargets() -> [NotificationTarget] { folder.host.notify }

    /// Where a partner may post, and what becomes of it.
    package func webhook(_ name: String) -> WebhookDefinition? { folder.webhooks[name] }

    // MARK: Processings

    /// The stored row, or an error that says that there is none.
    func record(of id: Int64) async throws(LauncherError) -> ProcessingRecord {
        if let live = processings[id] { return live.record }
        let stored = try await fromStore { () async throws(StoreError) in try await self.store.processing(id) }
        guard let stored else { throw LauncherError(.notFound, "there is no Processing \(id)") }
        return stored
    }

    package func cancel(
        processing id: Int64, by source: String, if precondition: Precondition = .none
    ) async throws(LauncherError) {
        try await checkCancel(id, if: precondition)
        let request = Request(precondition)
        post(.asked(.cancelled(by: source), actor: source, request), to: id)
        try await untilTaken(id, "to cancel")
        try request.check(id)
    }

    /// Throws why it cannot be cancelled now.
    func checkCancel(_ id: Int64, if precondition: Precondition) async throws(LauncherError) {
        let record = try await record(of: id)
        guard processings[id] == nil else { return }
        try await check(precondition, of: id)
        throw LauncherError(
            .conflict, "Processing \(id) has ended as \(record.status.rawValue); there is nothing to cancel")
    }

    /// Returns once a Processing has done what it was asked to: the effect is then visible to whoever asked.
    func untilTaken(_ id: Int64, _ what: String) async throws(LauncherError) {
        let deadline = ClockWatch.steadyTime() + 10_000
        while let live = processings[id], live.isBusy || !live.inbox.isEmpty {
            guard ClockWatch.steadyTime() < deadline else {
                throw LauncherError(
                    .unavailable,
                    "the request \(what) Processing \(id) is taken, and could not be recorded so far; "
                        + "the Launcher's log says why")
            }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Runs an ended Processing again, from its first Script or from the one named.
    package func rerun(
        processing id: Int64, from script: String?, using source: RerunSource, by who: String,
        if precondition: Precondition = .none, receipt: RequestReceipt? = nil
    ) async throws(LauncherError) {
        let (record, revived) = try await readyToRerun(id, from: script, using: source, if: precondition)
        let directories = kept.removeValue(forKey: id)
        processings[id] = revived.live
        processings[id]?.isBusy = true
        let at = now()
        let used = source == .current ? "with today's definition and scripts" : "as it was created"
        let note = "rerun by \(who)" + (script.map { " from \($0)" } ?? "") + ", \(used)"
        let (row, text) = (revived.live.record, revived.definitionText)
        // A run from the first Script begins with an empty /processing, as the first one did.
        if script == nil { rename(state.shared(id), state.sharedBefore(run: row.run, of: id)) }
        do throws(LauncherError) {
            try await fromStore { () async throws(StoreError) in
                try await store.write { transaction throws(StoreError) in
                    try transaction.require(precondition, of: id)
                    if let text { try transaction.keepDefinition(hash: row.definition, content: text) }
                    try transaction.updateProcessing(row)
                    try transaction.forgetPreserved(id)
                    try transaction.note(note, on: id, at: at)
                    try transaction.tell(ChangeRecord(.rerun, of: row, at: at))
                    if let receipt { try transaction.keep(receipt, made: "{\"processing\":\(id)}", at: at) }
                }
            }
        } catch {
            processings[id] = nil
            kept[id] = directories
            putBackShared(of: record)
            throw error
        }
        LauncherLog.write(.info, "Processing runs again", ("processing", "\(id)"), ("how", note))
        await removeSharedAside(of: row)
        perform(revived.actions, for: id)
        letGo(id)
    }

    /// A Processing that can be rerun now, as it would go on. Nothing is changed. Throws why it cannot be.
    func readyToRerun(
        _ id: Int64, from script: String?, using source: RerunSource, if precondition: Precondition
    ) async throws(LauncherError) -> (record: ProcessingRecord, revived: Revived) {
        let record = try await record(of: id)
        try await check(precondition, of: id)
        guard processings[id] == nil, !isStopping else {
            throw LauncherError(
                .conflict, "Processing \(id) has not ended; cancel it first, or wait for its end")
        }
        guard kept[id]?.isBeingRemoved != true else {
            throw LauncherError(
                .conflict, "the directories of Processing \(id) are being removed; try again in a moment")
        }
        try refuseRerun(of: id, isFromStart: script == nil)
        if script != nil, record.uidBlock == nil {
            throw LauncherError(
                .conflict,
                "the directories of Processing \(id) are gone, and with them what \(script ?? "") would start from; "
                    + "rerun it from its first Script")
        }
        let revived = try await revive(record, .rerun(from: script), source)
        // The directories may have gone since the record was read, and their block of uids to another Processing.
        guard processings[id] == nil, kept[id]?.isBeingRemoved != true, kept[id]?.record.uidBlock == record.uidBlock
        else {
            throw LauncherError(
                .conflict, "Processing \(id) was changed by somebody else at the same moment; try again")
        }
        try refuseRerun(of: id, isFromStart: script == nil)
        return (record, revived)
    }

    typealias Revived = (live: LiveProcessing, definitionText: String?, actions: [Chain.Action])

    /// Removes what the Scripts shared before a run that is recorded: until then it is evidence.
    func removeSharedAside(of record: ProcessingRecord) async {
        let path = state.sharedBefore(run: record.run, of: record.id)
        guard access(path, F_OK) == 0 else { return }
        do throws(SandboxError) {
            try await removeTree(path, of: record.id)
        } catch {
            LauncherLog.write(
                .error, "what Scripts shared before the rerun could not be removed",
                ("processing", "\(record.id)"), ("error", error.description))
        }
    }

    /// Puts it back where the next run was not recorded.
    func putBackShared(of record: ProcessingRecord) {
        rename(state.sharedBefore(run: record.run + 1, of: record.id), state.shared(record.id))
    }

    /// An ended Processing as it goes on after an event.
    func revive(
        _ record: ProcessingRecord, _ event: Chain.Event, _ source: RerunSource
    ) async throws(LauncherError) -> Revived {
        var record = record
        var definition: TaskDefinition
        var text: String?
        switch source {
        case .original: definition = try await storedDefinition(record.definition)
        case .current:
            let task = try known(record.task)
            definition = task.definition
            text = task.definitionText
            record.definition = task.definitionHash
            record.priority = definition.priority
            record.scripts = try await content.keep(folder.scriptsFolder(of: record.task))
        }
        if case .rerun(let script?) = event, !definition.scripts.contains(where: { $0.name == script }) {
            let names = definition.scripts.map(\.name).joined(separator: ", ")
            throw LauncherError(.invalid, "the chain has no Script \(script); it has \(names)", field: "from")
        }
        let attempts = try await fromStore { () async throws(StoreError) in
            try await self.store.attempts(of: record.id)
        }
        var chain: Chain
        do {
            var past: [Chain.PastAttempt] = []
            for attempt in attempts where definition.scripts.contains(where: { $0.name == attempt.script }) {
                past.append(try Chain.PastAttempt(attempt, run: attempt.run, reason: ""))
            }
            var start = record
            if !definition.scripts.contains(where: { $0.name == record.script }) { start.script = nil }
            chain = try Chain(scripts: definition.scripts, processing: start, run: record.run, attempts: past)
        } catch {
            throw LauncherError(.unavailable, "restoring Processing \(record.id): \(error)")
        }
        let actions = try taken(event, by: &chain)
        record.status = chain.status
        record.script = chain.script
        record.run = chain.run
        (record.outcome, record.reason, record.endedAt, record.expiresAt, record.cause) = (nil, nil, nil, nil, nil)
        if case .rerun = event { record.startedAt = nil }
        return (LiveProcessing(record: record, definition: definition, chain: chain), text, actions)
    }

    /// Where the Processing's directories lie on the host; nil when they are not there (yet, or any more).
    package nonisolated func directory(of record: ProcessingRecord) -> String? {
        record.uidBlock == nil ? nil : state.processing(record.id)
    }

    /// The definition that the Processing runs.
    package func definition(of id: Int64) async throws(LauncherError) -> TaskDefinition {
        if let live = processings[id] { return live.definition }
        return try await storedDefinition(try await record(of: id).definition)
    }

    /// Where an attempt's log and outcome lie: its directory, or what was kept of it.
    package func evidenceDirectory(
        processing id: Int64, script: String, number: Int
    ) async throws(LauncherError) -> AttemptDirectory {
        let remnant = state.remnant(id, Chain.Attempt(script: script, number: number))
        do throws(LauncherError) {
            return try await attemptDirectory(processing: id, script: script, number: number)
        } catch  where error.kind == .notFound && access(remnant.path, F_OK) == 0 {
            return remnant
        }
    }

    /// The attempt's directory, when it still exists; nil `number` means the last attempt.
    package func attemptDirectory(
        processing id: Int64, script: String, number: Int?
    ) async throws(LauncherError) -> AttemptDirectory {
        _ = try await record(of: id)
        let attempts = try await fromStore { () async throws(StoreError) in try await self.store.attempts(of: id) }
        let own = attempts.filter { $0.script == script && (number == nil || $0.number == number) }
        guard let last = own.max(by: { $0.number < $1.number }) else {
            throw LauncherError(
                .notFound, "Processing \(id) has no attempt \(script)\(number.map { "#\($0)" } ?? "") so far")
        }
        let directory = state.attempt(id, Chain.Attempt(script: script, number: last.number))
        guard access(directory.path, F_OK) == 0 else {
            throw LauncherError(
                .notFound, "the directory of \(id)/\(script)#\(last.number) is gone: its keep time is over")
        }
        return directory
    }
}
