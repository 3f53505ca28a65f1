import Configuration
import FoundationEssentials
import Glibc
import Linux
import Sandbox
import Store

extension Launcher {
    /// Records an admitted attempt as running, and then starts it: in this order, so that a crash in between is found. Its
    /// directory and its sandbox are made meanwhile, all but the execution of its command; what is left of them of a start that
    /// was never recorded is cleared away by the recovery.
    func startAttempt(_ attempt: Chain.Attempt, for id: Int64) async throws(LauncherError) {
        let admitted = ContinuousClock.now
        guard let live = processings[id] else { return }
        guard case .queued(let position) = live.chain.state, position.attempt == attempt, !isStopping else {
            // Cancelled between its admission and now; or the next Launcher starts it.
            admission.release(id)
            return
        }
        var chain = live.chain
        _ = try taken(.started(attempt), by: &chain)
        let at = now()
        var record = updated(live.record, from: chain, [], at: at)
        record.startedAt = record.startedAt ?? at
        let isFirst = record.uidBlock == nil
        if isFirst {
            guard let block = blocks.take(for: id) else {
                admission.release(id)
                throw LauncherError(.unavailable, "no block of uids is free")
            }
            record.uidBlock = block
        }
        let row = AttemptRecord(
            processing: id, script: attempt.script, number: attempt.number, run: chain.run, state: .running,
            startedAt: at, boot: BootIdentity.current.id, queuedAt: live.queuedAt.map { min($0, at) })
        // Beside the record of it, not after that: its command is not executed before.
        let preparation: Result<PreparedStart, SandboxError>
        do throws(SandboxError) {
            preparation = .success(try await prepare(attempt, for: id, block: record.uidBlock, isFirst: isFirst))
        } catch {
            preparation = .failure(error)
        }
        do throws(LauncherError) {
            let (stored, before) = (record, live.record)
            try await fromStore { () async throws(StoreError) in
                try await store.write { transaction throws(StoreError) in
                    try transaction.updateProcessing(stored)
                    try transaction.putAttempt(row)
                    try Self.tell(of: stored, before: before, nil, at: at, in: transaction)
                    try transaction.tell(ChangeRecord(.started, of: row, task: stored.task, at: at))
                }
            }
        } catch {
            if case .success(let start) = preparation { await start.abandon() }
            if isFirst, let block = record.uidBlock {
                await removeHalfMade(state.processing(id), of: id)
                engine.release(blocks.identity(block), in: state.path)
                blocks.giveBack(block)
            }
            throw error
        }
        processings[id]?.chain = chain
        processings[id]?.record = record
        processings[id]?.attempt = row
        processings[id]?.tookBlock = isFirst
        processings[id]?.requestsNoted = 0
        LauncherLog.write(.info, "Script starts", ("attempt", "\(id)/\(attempt.script)#\(attempt.number)"))
        do throws(SandboxError) {
            follow(try await preparation.get().start(), attempt, of: id)
            processings[id]?.obstacle = nil
            sandboxStarts.record(ContinuousClock.now - admitted)
            // Of a rerun it is not known when it was asked for.
            if isFirst, chain.run == 1 {
                schedulingLatency.record(.milliseconds(max(0, now() - record.createdAt)))
            }
        } catch {
            if let obstacle = state.obstacle() {
                await takeBack(attempt, of: id, obstacle: obstacle)
                return
            }
            post(.outcome(Outcome(kind: .setup, reason: error.description, endedAt: now()), of: attempt), to: id)
        }
    }

    /// Takes back an attempt that could not be made because the state folder takes no files: that is no fault of the Script,
    /// and another attempt of it may be made as soon as there is space.
    private func takeBack(_ attempt: Chain.Attempt, of id: Int64, obstacle: String) async {
        LauncherLog.write(
            .error, "a Script cannot start", ("attempt", "\(id)/\(attempt.script)#\(attempt.number)"),
            ("error", obstacle))
        processings[id]?.obstacle = obstacle
        try? await Task.sleep(for: .seconds(1))
        await removeHalfMade(state.attempt(id, attempt).path, of: id)
        admission.release(
            id, keeping: Resources(cpu: 0, memory: 0, uidBlocks: processings[id]?.tookBlock == true ? 1 : 0))
        processings[id]?.attempt = nil
        processings[id]?.tookBlock = false
        post(.event(.neverStarted(attempt), actor: nil), to: id)
    }

    /// Begins to make the attempt's directory and its sandbox.
    ///
    /// - Parameter isFirst: its Processing has not had this block of uids before.
    private func prepare(
        _ attempt: Chain.Attempt, for id: Int64, block: UInt32?, isFirst: Bool
    ) async throws(SandboxError) -> PreparedStart {
        guard let live = processings[id], let block, let script = live.script(attempt.script)
        else { throw SandboxError("starting \(id)/\(attempt.script): its definition is gone") }
        let identity = blocks.identity(block)
        let folder = state.processing(id)
        // Left by a start that was cut short before it was recorded, and of another user.
        if isFirst, access(folder, F_OK) == 0 { try await removeTree(folder, of: id) }
        if mkdir(folder, engine.isolates ? 0o700 : 0o711) != 0 && errno != EEXIST {
            throw SandboxError("making the Processing's directory: \(SystemError("mkdir", folder))")
        }
        let directory = state.attempt(id, attempt)
        // Left by a start that was cut short before the command was executed.
        if access(directory.path, F_OK) == 0 { try await removeTree(directory.path, of: id) }
        let specification = try await self.specification(attempt, script, of: live, identity: identity)
        return engine.beginPreparing(
            specification, at: directory, policies: live.definition.scripts.map(\.policy))
    }

    private func specification(
        _ attempt: Chain.Attempt, _ script: ScriptDefinition, of live: LiveProcessing, identity: SandboxIdentity
    ) async throws(SandboxError) -> SandboxSpecification {
        let id = live.record.id
        do {
            let given = try Self.parameters(live.record.params)
            let parameters = try Parameters(live.definition.params, given: given, extras: .ignored)
            var attemptEnvironment = AttemptEnvironment(
                processing: id, task: live.record.task, script: script.name, attempt: attempt.number,
                event: try await eventJSON(live), parameters: parameters,
                taskEnvironment: live.definition.environment, scriptEnvironment: script.environment)
            if !engine.isolates { attemptEnvironment.places = barePlaces(attempt, of: live) }
            let environment = try attemptEnvironment.variables()
            let arguments = try parameters.arguments(script.run)
            try ExecBounds.check(arguments: arguments, environment: environment)
            return SandboxSpecification(
                reference: "\(id)/\(attempt.script)#\(attempt.number)", command: arguments, environment: environment,
                workingDirectory: script.workingDirectory == .processing ? "/processing" : "/scratch",
                policy: script.policy, identity: identity, processingDirectory: state.shared(id),
                scriptsDirectory: live.record.scripts.map(state.content),
                // Whoever may ask for nothing has nobody to ask.
                socketDirectory: script.policy.control == .none ? nil : socketDirectory,
                eventsLimit: Int64(EventLines.largestFile) + 4096)
        } catch let error as SandboxError {
            throw error
        } catch {
            throw SandboxError("making the command of \(id)/\(attempt.script)#\(attempt.number): \(error)")
        }
    }

    /// What `ALTP_EVENT` holds.
    private func eventJSON(_ live: LiveProcessing) async throws -> String? {
        guard let id = live.record.event else { return nil }
        var known = live.event
        if known == nil { known = try await store.event(id) }
        guard let event = known else { return nil }
        // Its parameters were written by this program, from texts by their names.
        return
            "{\"id\":\(JSONText.string(event.key)),\"params\":\(event.params),\"type\":\(JSONText.string(event.type))}"
    }

    private static func parameters(_ text: String) throws -> [String: String] {
        if text == "{}" { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    /// Waits for a sandbox's end beside everything else.
    func follow(_ sandbox: RunningSandbox, _ attempt: Chain.Attempt, of id: Int64) {
        processings[id]?.sandbox = sandbox
        // Cancelled, or all were ended, while it was made; or its Script was quicker to end itself than we to get here, or did so
        // before a restart.
        if case .cancelling = processings[id]?.chain.state {
            sandbox.terminate()
        } else if endsScripts || processings[id]?.attempt?.ending != nil {
            sandbox.terminate()
        }
        Task {
            let outcome = await sandbox.outcome()
            self.post(.outcome(outcome, of: attempt), to: id)
        }
    }

    // MARK: The end

    /// Takes an attempt's outcome: its end, the Events that it emitted, the chain's next step and the statistics are one
    /// transaction.
    func attemptEnded(_ attempt: Chain.Attempt, _ reported: Outcome, for id: Int64) async throws(LauncherError) {
        guard let live = processings[id] else { return }
        // Its sandbox is gone: the next one need not wait for the disk.
        admission.release(id, keeping: Resources(cpu: 0, memory: 0, uidBlocks: live.tookBlock ? 1 : 0))
        admitSoon()
        var outcome = reported
        // The clock may have been set back since: a retry does not wait until it has caught up.
        outcome.endedAt = min(outcome.endedAt, now())
        if case .cancelling = live.chain.state {} else { outcome = asked(live.attempt?.ending, reported) }
        var events: [NewEvent] = []
        if outcome.kind == .success {
            do throws(LauncherError) {
                events = try await emittedEvents(attempt, of: id)
            } catch {
                if error.kind == .unavailable { throw error }
                outcome.kind = .hard
                outcome.reason = "it succeeded, but the Events that it emitted are not valid: \(error.description)"
            }
        }
        let wish = AttemptWishes(live.attempt?.wishes).wish
        let isLast = live.definition.scripts.last?.name == attempt.script
        if outcome.kind == .success, !isLast || wish != nil {
            do throws(SandboxError) {
                try await engine.makeProcessingDirectoryDurable(state.shared(id))
            } catch {
                outcome.kind = .hard
                outcome.reason = "it succeeded, but what it left for the next Script is not safe: \(error.description)"
                events = []
            }
        }
        var chain = live.chain
        let actions = try taken(
            .ended(attempt, outcome.kind, reason: outcome.reason, at: outcome.endedAt, wish: wish), by: &chain)
        var record = updated(live.record, from: chain, actions, at: outcome.endedAt)
        var row =
            live.attempt
            ?? AttemptRecord(
                processing: id, script: attempt.script, number: attempt.number, run: live.chain.run, state: .running,
                startedAt: outcome.startedAt ?? outcome.endedAt)
        row.state = .ended
        row.outcome = outcome.kind.rawValue
        row.outcomeDetail = outcome.json
        row.endedAt = outcome.endedAt
        let (ended, caused, stored, before) = (row, events, record, live.record)
        let sample = EndedSample(row, outcome, task: record.task)
        let (reason, notify) = (outcome.reason, folder.host.notify)
        let cause = cause(of: outcome, reported: reported, attempt, of: record)
        let note =
            "\(attempt.script)#\(attempt.number) ended as \(outcome.kind.rawValue): \(outcome.reason)"
            + Self.sequel(actions, after: outcome, wish)
        let (inserted, noted) = try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                var (ended, record) = (ended, stored)
                if let cause {
                    ended.cause = try transaction.noteCause(
                        cause.record, rest: cause.rest.record, at: sample.at, endsProcessing: record.status == .failed)
                    if record.status == .failed { record.cause = ended.cause }
                }
                try transaction.putAttempt(ended)
                try transaction.updateProcessing(record)
                try transaction.count(sample)
                try transaction.note(note, on: id, at: sample.at)
                try Self.recordEnd(of: record, actions, tellingOf: notify, in: transaction)
                try transaction.tell(
                    ChangeRecord(.ended, of: ended, task: record.task, reason: reason, at: sample.at))
                try Self.tell(of: record, before: before, nil, at: sample.at, in: transaction)
                return (try Self.insert(caused, in: transaction), record.cause)
            }
        }
        record.cause = noted
        LauncherLog.write(
            outcome.kind == .success ? .info : .warning, "Script ended",
            ("attempt", "\(id)/\(attempt.script)#\(attempt.number)"), ("outcome", outcome.kind.rawValue),
            ("reason", outcome.reason))
        processings[id]?.chain = chain
        processings[id]?.record = record
        processings[id]?.attempt = nil
        processings[id]?.sandbox = nil
        processings[id]?.queuedAt = nil
        processings[id]?.tookBlock = false
        bringToLife(inserted)
        perform(actions, for: id)
        admitSoon()
    }

    /// What the history says of what follows an attempt.
    private static func sequel(_ actions: [Chain.Action], after outcome: Outcome, _ wish: Chain.Wish?) -> String {
        for case .waitUntil(let due, _) in actions {
            let wait = Timespan(milliseconds: max(0, due - outcome.endedAt))
            return wish == .again(dueAt: due) ? "; run again in \(wait), as it asked" : "; rerun in \(wait)"
        }
        guard let wish, !wish.isGranted(to: outcome.kind) else { return "" }
        switch wish {
        case .again: return "; that it asked to be run again holds for a success and a soft failure"
        case .skipRest: return "; that it asked to leave out the Scripts after it holds for a success"
        }
    }

    /// A Script that asked to be ended gets the ending that it asked for, unless it ended otherwise first.
    private func asked(_ text: String?, _ outcome: Outcome) -> Outcome {
        guard outcome.kind == .cancelled, let ending = StoredEnding(text) else { return outcome }
        var result = outcome
        result.kind = ending.kind
        result.reason = ending.reason.map { "it ended itself: \($0)" } ?? "it ended itself"
        return result
    }

    /// Reads what the Script appended to its events file: hostile bytes.
    private func emittedEvents(_ attempt: Chain.Attempt, of id: Int64) async throws(LauncherError) -> [NewEvent] {
        let path = state.attempt(id, attempt).events
        let bytes: [UInt8]
        do throws(SystemError) {
            let file = try FileDescriptor.openWithoutLinks(path, O_RDONLY | O_NONBLOCK)
            var status = stat()
            guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
            if status.st_size == 0 { return [] }
            bytes = try file.readAll(limit: EventLines.largestFile)
        } catch  where error.number == ENOENT {
            return []
        } catch {
            throw LauncherError(.invalid, "reading $ALTP_EVENTS: \(error)")
        }
        let lines: [EventLine]
        do throws(EventLinesError) {
            lines = try EventLines.read(bytes)
        } catch {
            throw LauncherError(.invalid, error.description)
        }
        var events: [NewEvent] = []
        for (index, line) in lines.enumerated() {
            do throws(LauncherError) {
                events.append(
                    try await prepareEvent(
                        type: line.type, key: line.id, params: line.params, force: false,
                        by: "script:\(id)/\(attempt.script)#\(attempt.number)"))
            } catch {
                throw LauncherError(error.kind, "Event \(index + 1) (\(line.type) \(line.id)): \(error.description)")
            }
        }
        return events
    }
}

/// How an attempt was asked to end, as it is stored with it: a `SelfEnding`, or that its Processing was cancelled.
struct StoredEnding: Codable {
    var kind: OutcomeKind
    var reason: String?

    init(cancellation reason: String) { (kind, self.reason) = (.cancelled, reason) }

    init?(_ text: String?) {
        guard let text, let value = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = value
    }

    init(_ ending: SelfEnding) {
        switch ending {
        case .success(let reason): (kind, self.reason) = (.success, reason)
        case .soft(let reason): (kind, self.reason) = (.soft, reason)
        case .hard(let reason): (kind, self.reason) = (.hard, reason)
        }
    }
}

extension EndedSample {
    /// What is counted of an attempt.
    init(_ attempt: AttemptRecord, _ outcome: Outcome, task: String) {
        self.init(
            task: task, script: attempt.script, outcome: outcome.kind.rawValue, at: outcome.endedAt,
            milliseconds: outcome.usage.wallMilliseconds,
            wait: attempt.queuedAt.map { max(0, attempt.startedAt - $0) },
            cpuMilliseconds: outcome.usage.cpuMilliseconds, memoryPeak: outcome.usage.memoryPeak,
            diskPeak: outcome.usage.diskPeak)
    }
}
