import Configuration
import Glibc
import Sandbox
import Store

extension Launcher {
    /// Gives a Processing something to do, after what it has to do already.
    func post(_ step: LiveProcessing.Step, to id: Int64) {
        guard processings[id] != nil else { return }
        processings[id]!.inbox.append(step)
        guard !processings[id]!.isBusy else { return }
        processings[id]!.isBusy = true
        Task { await self.workOff(id) }
    }

    /// Ends a time in which a Processing's steps had to wait.
    func letGo(_ id: Int64) {
        guard let live = processings[id] else { return }
        processings[id]!.isBusy = !live.inbox.isEmpty
        if !live.inbox.isEmpty { Task { await self.workOff(id) } }
    }

    /// Takes a Processing's steps one after the other, until there is none.
    private func workOff(_ id: Int64) async {
        while let step = processings[id]?.inbox.first {
            processings[id]!.inbox.removeFirst()
            do {
                let before = processings[id]?.obstacle
                switch step {
                case .event(let event, let actor): try await handle(event, by: actor, for: id)
                case .asked(let event, let actor, let request):
                    try await handle(event, by: actor, for: id, asked: request)
                case .outcome(let outcome, let attempt): try await attemptEnded(attempt, outcome, for: id)
                }
                // What stopped it before this step is over; what came up in it is not.
                if case .event(.neverStarted, _) = step { continue }
                if processings[id]?.obstacle == before { processings[id]?.obstacle = nil }
            } catch {
                LauncherLog.write(.error, "a step failed", ("processing", "\(id)"), ("error", error.description))
                processings[id]?.obstacle = error.description
                // The store would not take it: nothing was changed, in memory neither. It is tried again until it does.
                if error.kind == .unavailable, processings[id] != nil, !isStopping {
                    processings[id]!.inbox.insert(step, at: 0)
                    try? await Task.sleep(for: .seconds(1))
                }
                if isStopping { break }
            }
        }
        processings[id]?.isBusy = false
    }

    /// Moves a Processing's chain by one event, durably, and does what follows.
    private func handle(_ event: Chain.Event, by actor: String?, for id: Int64) async throws(LauncherError) {
        try await handle(event, by: actor, for: id, if: .none)
    }

    /// What is refused is told to whoever asked for it, and is no fault of the Processing's.
    private func handle(
        _ event: Chain.Event, by actor: String, for id: Int64, asked request: Request
    ) async throws(LauncherError) {
        do throws(LauncherError) {
            try await handle(event, by: actor, for: id, if: request.precondition)
            request.carriedOut()
        } catch  where error.kind != .unavailable {
            request.refuse(error)
        }
    }

    private func handle(
        _ event: Chain.Event, by actor: String?, for id: Int64, if precondition: Precondition
    ) async throws(LauncherError) {
        guard let live = processings[id] else { return }
        if case .started(let attempt) = event {
            try await startAttempt(attempt, for: id)
            return
        }
        var chain = live.chain
        let actions = try taken(event, by: &chain)
        guard chain != live.chain else {
            try await check(precondition, of: id)
            return
        }
        let at = now()
        let record = updated(live.record, from: chain, actions, at: at)
        let note = actor.map { Self.note(event, by: $0) } ?? nil
        var asked = live.attempt
        if case .cancelling(_, let reason) = chain.state {
            asked?.ending = try encode(StoredEnding(cancellation: reason))
        }
        let (before, notify) = (live.record, folder.host.notify)
        let (ending, isAsked) = (asked, asked?.ending != live.attempt?.ending)
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                try transaction.require(precondition, of: id)
                try transaction.updateProcessing(record)
                if case .neverStarted(let attempt) = event {
                    try transaction.removeAttempt(of: id, script: attempt.script, number: attempt.number)
                    let taken = AttemptRecord(
                        processing: id, script: attempt.script, number: attempt.number, run: record.run, state: .ended,
                        startedAt: at)
                    try transaction.tell(ChangeRecord(.withdrawn, of: taken, task: record.task, at: at))
                }
                if let ending, isAsked { try transaction.saveEnding(ending) }
                if let note { try transaction.note(note, on: id, at: at) }
                try Self.recordEnd(of: record, actions, tellingOf: notify, in: transaction)
                try Self.tell(of: record, before: before, event, at: at, in: transaction)
            }
        }
        processings[id]?.chain = chain
        processings[id]?.record = record
        if let ending, isAsked { processings[id]?.attempt?.ending = ending.ending }
        perform(actions, for: id)
    }

    /// For what changes nothing.
    func check(_ precondition: Precondition, of id: Int64) async throws(LauncherError) {
        guard precondition != .none else { return }
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in try transaction.require(precondition, of: id) }
        }
    }

    func taken(_ event: Chain.Event, by chain: inout Chain) throws(LauncherError) -> [Chain.Action] {
        do {
            return try chain.handle(event)
        } catch {
            throw LauncherError(.conflict, error.description)
        }
    }

    static func note(_ event: Chain.Event, by actor: String) -> String? {
        switch event {
        case .cancelled: "cancelled by \(actor)"
        case .skipped(let script, _): "\(script) was skipped by \(actor)"
        default: nil
        }
    }

    /// The row that the chain's new state makes.
    func updated(
        _ record: ProcessingRecord, from chain: Chain, _ actions: [Chain.Action], at: Int64
    ) -> ProcessingRecord {
        var record = record
        record.status = chain.status
        record.script = chain.script
        record.run = chain.run
        for case .finish(let ending) in actions {
            record.outcome = ending.outcome.rawValue
            record.reason = ending.reason
            record.endedAt = at
            record.expiresAt = at + keepTime(record, ending.status).milliseconds
        }
        return record
    }

    private func keepTime(_ record: ProcessingRecord, _ status: ProcessingStatus) -> Timespan {
        let keep = processings[record.id]?.definition.keep ?? Keep()
        return status == .success ? keep.success : keep.failed
    }

    /// Counts and notes the end of a Processing, and has those told of it who want to be, in the transaction that ends it.
    static func recordEnd(
        of record: ProcessingRecord, _ actions: [Chain.Action], tellingOf notify: [NotificationTarget],
        in transaction: StoreTransaction
    ) throws(StoreError) {
        for case .finish(let ending) in actions {
            let at = record.endedAt ?? record.createdAt
            // A rerun's waiting is its attempts', for when it was asked for is not in the row.
            let start = record.startedAt ?? at
            try transaction.count(
                EndedSample(
                    task: record.task, script: "", outcome: ending.outcome.rawValue, at: at,
                    milliseconds: max(0, at - start),
                    wait: record.run == 1 && record.startedAt != nil ? max(0, start - record.createdAt) : nil))
            try transaction.note(
                "ended as \(ending.status.rawValue) at \(ending.script): \(ending.reason)", on: record.id, at: at)
            for target in notify
            where target.wants(
                task: record.task, status: ending.status.rawValue, outcome: ending.outcome.rawValue)
            {
                try transaction.insertDelivery(of: record, to: target.name, at: at)
            }
        }
    }

    // MARK: Actions

    /// Does what a chain asks for, once its new state is on the disk.
    func perform(_ actions: [Chain.Action], for id: Int64) {
        for action in actions {
            switch action {
            case .requestAdmission(let attempt): requestAdmission(attempt, for: id)
            case .withdrawRequest:
                admission.withdraw(id)
                waitingForEntries.remove(id)
            case .waitUntil(let due, let attempt):
                // Before it is among those that a change of the clock moves.
                watchClock()
                retries[id] = (due, attempt)
                wake(at: due)
            case .endAttempt: processings[id]?.sandbox?.terminate()
            case .finish(let ending): finish(id, ending)
            }
        }
    }

    private func requestAdmission(_ attempt: Chain.Attempt, for id: Int64) {
        guard let live = processings[id], let request = request(attempt, of: live) else { return }
        if live.queuedAt == nil { processings[id]!.queuedAt = now() }
        guard !holdsBack(id) else {
            waitingForEntries.insert(id)
            return
        }
        let obstacles = admission.enqueue(request)
        if !obstacles.isEmpty {
            LauncherLog.write(
                .warning, "can never start", ("attempt", "\(id)/\(attempt.script)"), ("why", "\(obstacles)"))
        }
        admitSoon()
    }

    func request(_ attempt: Chain.Attempt, of live: LiveProcessing) -> AdmissionRequest? {
        guard let script = live.script(attempt.script) else { return nil }
        let limits = script.policy.limits
        return AdmissionRequest(
            processing: live.record.id, task: live.record.task, priority: live.record.priority,
            queuedAt: live.record.createdAt,
            resources: Resources(
                cpu: limits.cpu, memory: limits.memory.bytes, uidBlocks: live.record.uidBlock == nil ? 1 : 0,
                disk: limits.diskWanted.bytes),
            pools: script.pools)
    }

    /// Lets start what may, once the present round of changes is over.
    func admitSoon() {
        // Before all that was under way is known again, what it holds would be given to others. The start asks when it is.
        guard isRecovered, !isAdmitting, !isStopping else { return }
        isAdmitting = true
        Task {
            self.isAdmitting = false
            guard !self.isStopping else { return }
            self.lookAtDisk()
            let now = self.now()
            for id in self.admission.admit(now: now) {
                // Running Scripts write.
                self.wake(at: now + Self.lookInterval)
                guard case .queued(let position) = self.processings[id]?.chain.state else {
                    self.admission.release(id)
                    continue
                }
                // What the Script before it added is no longer its own to add.
                self.diskUse[id] = nil
                self.post(.event(.started(position.attempt), actor: nil), to: id)
            }
            self.makeRoom()
        }
    }

    private func finish(_ id: Int64, _ ending: Chain.Ending) {
        guard let live = processings.removeValue(forKey: id) else { return }
        retries[id] = nil
        waitingForEntries.remove(id)
        // It may have been admitted while its cancellation was recorded: then it holds what no attempt will give back.
        admission.release(id)
        admission.processingEnded(id, task: live.record.task)
        LauncherLog.write(
            ending.status == .success ? .info : .warning, "Processing ended", ("processing", "\(id)"),
            ("task", live.record.task), ("status", ending.status.rawValue), ("script", ending.script),
            ("outcome", ending.outcome.rawValue), ("reason", ending.reason))
        if live.record.uidBlock != nil {
            keep(live.record)
        } else if access(state.processing(id), F_OK) == 0 {
            // Of a start that was cut short before it was recorded.
            Task { try? await self.removeTree(self.state.processing(id), of: id) }
        }
        signals.processingEnded()
        admitSoon()
    }
}
