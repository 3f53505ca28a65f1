import Configuration
import FoundationEssentials
import Sandbox
import Store

extension Launcher {
    /// Brings every stored Processing back to life: what runs is adopted, what ended is read, what never started begins.
    func recover() async throws(LauncherError) {
        for record in try await fromStore({ () async throws(StoreError) in try await self.store.keptProcessings() }) {
            takeBlock(of: record)
            putBackShared(of: record)
            kept[record.id] = KeptDirectories(record: record)
        }
        try await recoverKeeping()
        var definitions: [String: TaskDefinition] = [:]
        let folders = Set((try? FileStamp.names(in: "\(state.path)/processings")) ?? [])
        for record in try await fromStore({ () async throws(StoreError) in try await self.store.openProcessings() }) {
            if definitions[record.definition] == nil {
                definitions[record.definition] = try await storedDefinition(record.definition)
            }
            guard let definition = definitions[record.definition] else { continue }
            try await recover(record, definition, hasFolder: folders.contains("\(record.id)"))
        }
        Task { await self.removeStrays() }
    }

    func storedDefinition(_ hash: String) async throws(LauncherError) -> TaskDefinition {
        let text = try await fromStore { () async throws(StoreError) in try await self.store.definition(hash) }
        guard let text else { throw LauncherError(.unavailable, "the store lacks the definition \(hash)") }
        return try decodeDefinition(text)
    }

    private func takeBlock(of record: ProcessingRecord) {
        guard let block = record.uidBlock else { return }
        blocks.adopt(block, for: record.id)
        admission.take(Resources(cpu: 0, memory: 0, uidBlocks: 1))
    }

    private func recover(
        _ record: ProcessingRecord, _ definition: TaskDefinition, hasFolder: Bool
    ) async throws(LauncherError) {
        takeBlock(of: record)
        await removeSharedAside(of: record)
        let attempts = try await fromStore { () async throws(StoreError) in
            try await self.store.attempts(of: record.id)
        }
        if hasFolder {
            SandboxEngine.removeDraft(ofProcessingDirectory: state.shared(record.id))
            await clearUnrecorded(of: record, definition, except: attempts)
        }
        let chain: Chain
        do {
            var past: [Chain.PastAttempt] = []
            for var attempt in attempts {
                // The clock was set back since: what waits for a retry does not wait until it has caught up.
                let ahead = attempt.endedAt.map { max(0, $0 - now()) } ?? 0
                attempt.endedAt = attempt.endedAt.map { $0 - ahead }
                past.append(try Chain.PastAttempt(attempt, run: attempt.run, reason: "").moved(by: -ahead))
            }
            chain = try Chain(scripts: definition.scripts, processing: record, run: record.run, attempts: past)
        } catch {
            throw LauncherError(.unavailable, "restoring Processing \(record.id): \(error)")
        }
        var live = LiveProcessing(record: record, definition: definition, chain: chain)
        if case .queued = chain.state {
            // As before the restart, where the rows tell.
            let ends = attempts.filter { $0.run == record.run }.compactMap(\.endedAt)
            live.queuedAt = ends.max() ?? (record.run == 1 ? record.createdAt : nil)
        }
        switch chain.state {
        case .running(let position), .cancelling(let position, _):
            live.attempt = attempts.first {
                $0.script == position.attempt.script && $0.number == position.attempt.number
            }
            processings[record.id] = live
            if let request = request(position.attempt, of: live) { admission.adopt(request) }
            try await recoverAttempt(position.attempt, of: record.id)
            return
        default: break
        }
        processings[record.id] = live
        if chain.status == .running { admission.processingRuns(record.id, task: record.task) }
        perform(chain.opening, for: record.id)
    }

    /// Clears away what there is of attempts that have no record: their sandboxes were being made when the Launcher ended, and
    /// nothing was executed in them. It has to be gone before their uids and names are used again.
    private func clearUnrecorded(
        of record: ProcessingRecord, _ definition: TaskDefinition, except recorded: [AttemptRecord]
    ) async {
        let id = record.id
        for name in (try? FileStamp.names(in: state.processing(id))) ?? [] {
            guard let dot = name.lastIndex(of: "."), let number = Int(name[name.index(after: dot)...]),
                let script = definition.scripts.first(where: { $0.name == name[..<dot] })?.name,
                !recorded.contains(where: { $0.script == script && $0.number == number })
            else { continue }
            let directory = state.attempt(id, Chain.Attempt(script: script, number: number))
            LauncherLog.write(.info, "Script had not started", ("attempt", "\(id)/\(script)#\(number)"))
            await clearOnceEnded(directory)
            await removeHalfMade(directory.path, of: id)
        }
        // It belongs to a block of uids that is somebody else's now.
        if record.uidBlock == nil { await removeHalfMade(state.processing(id), of: id) }
    }

    /// What there is of a start that came to nothing.
    func removeHalfMade(_ path: String, of id: Int64) async {
        do throws(SandboxError) {
            try await removeTree(path, of: id)
        } catch {
            // The next start tries again, and says so if it cannot.
            LauncherLog.write(.warning, "a half-made directory is left", ("error", error.description))
        }
    }

    /// Clears away what a sandbox has outside of its directory. Its pid 1 has seen the end of the Launcher that made it, and is
    /// about to follow.
    func clearOnceEnded(_ directory: AttemptDirectory) async {
        let deadline = ClockWatch.steadyTime() + 15_000
        while !engine.clear(directory), ClockWatch.steadyTime() < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Finds out what became of the attempt that was recorded as running.
    private func recoverAttempt(_ attempt: Chain.Attempt, of id: Int64) async throws(LauncherError) {
        let recovery: Recovery
        // Rows of former versions do not say it; theirs were always taken for this one.
        let boot = processings[id]?.attempt?.boot ?? BootIdentity.current.id
        do throws(SandboxError) {
            recovery = try await engine.recover(
                state.attempt(id, attempt), isOfThisBoot: boot == BootIdentity.current.id)
        } catch {
            throw LauncherError(.unavailable, "finding out about \(id)/\(attempt.script): \(error)")
        }
        let name = "\(id)/\(attempt.script)#\(attempt.number)"
        switch recovery {
        case .running(let sandbox):
            LauncherLog.write(.info, "Script goes on", ("attempt", name), ("pid", "\(sandbox.pid)"))
            follow(sandbox, attempt, of: id)
        case .ended(let outcome), .lost(let outcome):
            post(.outcome(outcome, of: attempt), to: id)
        case .neverStarted:
            LauncherLog.write(.info, "Script had not started", ("attempt", name))
            await removeHalfMade(state.attempt(id, attempt).path, of: id)
            admission.release(id)
            processings[id]?.attempt = nil
            post(.event(.neverStarted(attempt), actor: nil), to: id)
        }
    }
}
