import FoundationEssentials
import Glibc
package import Sandbox
package import Store

extension Launcher {
    /// Enters an attempt's sandbox: the running Script's own, or one made again of what was preserved.
    ///
    /// It returns once the session's command is executed, or could not be (`SessionEnd.Kind.notExecuted`). The session goes
    /// on until its first process ends, until `SandboxSession.end()`, or until the Launcher ends.
    ///
    /// - Parameters:
    ///   - script: nil for the one that was last at work.
    ///   - number: nil for its last attempt.
    ///   - who: for the record: `cli:root`.
    package func enter(
        processing id: Int64, script: String?, number: Int?, _ request: SessionRequest, by who: String
    ) async throws(LauncherError) -> SandboxSession {
        try Self.check(request)
        try refuseEntry()
        let attempt = try await settled(id, script, number)
        let directory = state.attempt(id, Chain.Attempt(script: attempt.script, number: attempt.number))
        let specification = try Self.specification(directory)
        guard specification.isBare != true else {
            throw LauncherError(
                .conflict,
                "\(specification.reference) ran without a sandbox (--without-sandboxes): there is none to enter")
        }
        var record = EntryRecord(
            id: 0, processing: id, script: attempt.script, number: attempt.number, who: who,
            command: try request.command.map { command throws(LauncherError) in try encode(command) },
            relaxed: Relaxation.allCases.filter(request.relax.contains).map(\.rawValue), snapshot: request.snapshot,
            startedAt: now())
        let (row, note) = (record, Self.note(of: record))
        record.id = try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                try transaction.note(note, on: id, at: row.startedAt)
                return try transaction.insertEntry(row)
            }
        }
        LauncherLog.write(.info, "somebody enters", ("attempt", record.reference), ("who", who))
        // From here to the entry in `entries` nothing else comes in between.
        do throws(LauncherError) {
            let sandbox = try sandbox(of: attempt, request, record, specification)
            return try await enter(sandbox, request, record, specification, directory, outcome: attempt.outcomeDetail)
        } catch {
            await recordEnd(of: record, ending: "it did not come about: \(error.description)")
            throw error
        }
    }

    /// Who is inside of what now, in the order in which they entered.
    package func sessions() -> [EntryRecord] { entries.values.map(\.record).sorted { $0.id < $1.id } }

    /// Ends a session with all its processes; false when there is none of that number.
    package func endSession(_ id: Int64) -> Bool {
        guard let end = entries[id]?.end else { return false }
        end()
        return true
    }

    /// Somebody is inside of one of the Processing's attempts, or about to be: its directories have to stay.
    package func isEntered(_ id: Int64) -> Bool { entries.values.contains { $0.record.processing == id } }

    /// Somebody is inside in a way that the Processing's next attempt would disturb.
    func holdsBack(_ id: Int64) -> Bool {
        readingImages[id] != nil || entries.values.contains { $0.record.processing == id && $0.holdsBack }
    }

    // MARK: What is entered

    private static func check(_ request: SessionRequest) throws(LauncherError) {
        guard request.command?.isEmpty != true else {
            throw LauncherError(.invalid, "the command has no words", field: "command")
        }
        for name in request.environment.keys where name.isEmpty || name.contains("=") {
            throw LauncherError(.invalid, "`\(name)` is no name of a variable", field: "environment")
        }
        guard let folder = request.with else { return }
        var status = stat()
        guard folder.hasPrefix("/"), stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw LauncherError(
                .invalid, "`\(folder)` is no absolute path of a folder of this host, which `with` has to be",
                field: "with")
        }
    }

    /// The attempt that is meant.
    func entered(_ id: Int64, _ script: String?, _ number: Int?) async throws(LauncherError) -> AttemptRecord {
        _ = try await record(of: id)
        let all = try await fromStore { () async throws(StoreError) in try await self.store.attempts(of: id) }
        let own = all.filter { (script == nil || $0.script == script) && (number == nil || $0.number == number) }
        let last =
            script == nil
            ? own.max { ($0.startedAt, $0.number) < ($1.startedAt, $1.number) } : own.max { $0.number < $1.number }
        if let last { return last }
        let name = "\(script ?? "any Script")\(number.map { "#\($0)" } ?? "")"
        throw LauncherError(.notFound, "Processing \(id) has no attempt of \(name) so far")
    }

    /// The same, once it is neither about to start nor about to end, nor the Processing about to change otherwise.
    private func settled(_ id: Int64, _ script: String?, _ number: Int?) async throws(LauncherError) -> AttemptRecord {
        let deadline = ClockWatch.steadyTime() + 10_000
        while true {
            let attempt = try await entered(id, script, number)
            if !isChanging(id, attempt) || ClockWatch.steadyTime() > deadline { return attempt }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func isChanging(_ id: Int64, _ attempt: AttemptRecord) -> Bool {
        guard let live = processings[id] else { return attempt.state != .ended }
        if case .queued = live.chain.state, admission.isHolding(id) { return true }
        let isOwn = live.attempt?.script == attempt.script && live.attempt?.number == attempt.number
        return live.isBusy || (isOwn ? live.sandbox == nil : attempt.state != .ended)
    }

    static func specification(_ directory: AttemptDirectory) throws(LauncherError) -> SandboxSpecification {
        guard access(directory.path, F_OK) == 0 else {
            throw LauncherError(
                .notFound, "the directory \(directory.path) is gone: its keep time is over, or it was released")
        }
        do {
            return try directory.readSpecification()
        } catch {
            throw LauncherError(.conflict, error.description)
        }
    }

    /// What a session of the attempt joins.
    private enum Entered {
        case running(RunningSandbox)
        /// The key of a shared sandbox.
        case held(String)
    }

    /// Decides what is joined, and takes note of the entry.
    private func sandbox(
        of attempt: AttemptRecord, _ request: SessionRequest, _ record: EntryRecord,
        _ specification: SandboxSpecification
    ) throws(LauncherError) -> Entered {
        let id = record.processing
        guard !isStopping else { throw LauncherError(.unavailable, "the Launcher is stopping") }
        guard kept[id]?.isBeingRemoved != true else {
            throw LauncherError(.conflict, "the directories of Processing \(id) are being removed")
        }
        guard !isChanging(id, attempt) else {
            throw LauncherError(.conflict, "\(record.reference) is starting or ending just now; try again in a moment")
        }
        let live = processings[id]
        let isOwn = live?.attempt?.script == attempt.script && live?.attempt?.number == attempt.number
        if isOwn, let sandbox = live?.sandbox {
            return .running(try running(sandbox, request, record, specification))
        }
        let usesImages = specification.storage == .images
        if usesImages, let other = live?.attempt {
            throw LauncherError(
                .conflict,
                "\(id)/\(other.script)#\(other.number) runs, and has the disk that it shares with \(record.reference): wait "
                    + "for its end, or cancel it with altp cancel \(id)")
        }
        guard !usesImages || readingImages[id] == nil else {
            throw LauncherError(.conflict, "\(record.reference) is being compared or exported; try again in a moment")
        }
        let others = entries.values.filter { $0.record.processing == id && !$0.isOfRunningScript }
        if usesImages,
            let other = others.first(where: {
                $0.record.snapshot != request.snapshot || !request.snapshot && $0.record.reference != record.reference
            })
        {
            throw LauncherError(
                .conflict,
                "\(other.record.who) is inside of \(other.record.reference)\(other.record.snapshot ? " with a snapshot" : "")"
                    + ", and has the disk that it shares with \(record.reference): wait until it is left")
        }
        entries[record.id] = LiveEntry(record: record, isOfRunningScript: false, usesImages: usesImages)
        // The next attempt has not been admitted: it waits until nobody is inside.
        holdBack(id)
        return .held(request.snapshot ? "\(record.reference) \(record.id)" : record.reference)
    }

    /// Takes back a request of the next attempt where it has to wait.
    func holdBack(_ id: Int64) {
        guard holdsBack(id), admission.isWaiting(id) else { return }
        admission.withdraw(id)
        waitingForEntries.insert(id)
    }

    private func running(
        _ sandbox: RunningSandbox, _ request: SessionRequest, _ record: EntryRecord,
        _ specification: SandboxSpecification
    ) throws(LauncherError) -> RunningSandbox {
        guard !request.snapshot else {
            throw LauncherError(
                .conflict,
                "\(record.reference) runs, and what it writes to cannot be frozen: enter it without a snapshot, or wait for "
                    + "its end", field: "snapshot")
        }
        guard request.relax.isEmpty else {
            throw LauncherError(
                .conflict,
                "\(record.reference) runs, and could use for itself what a session beside it may: relax nothing, or wait for "
                    + "its end", field: "relax")
        }
        entries[record.id] = LiveEntry(
            record: record, isOfRunningScript: true, usesImages: specification.storage == .images)
        return sandbox
    }

    // MARK: Entering

    private func enter(
        _ entered: Entered, _ request: SessionRequest, _ record: EntryRecord, _ specification: SandboxSpecification,
        _ directory: AttemptDirectory, outcome: String?
    ) async throws(LauncherError) -> SandboxSession {
        let others = sessions().filter { $0.reference == record.reference && $0.id != record.id }.map(\.who)
        let facts = SessionFacts(
            command: specification.command, workingDirectory: specification.workingDirectory,
            relaxed: Relaxation.allCases.filter(request.relax.contains), snapshot: request.snapshot,
            outcome: outcome.flatMap { try? JSONDecoder().decode(Outcome.self, from: Data($0.utf8)) }, others: others)
        do throws(SandboxError) {
            let sandbox: any JoinableSandbox
            switch entered {
            case .running(let running): sandbox = running
            case .held(let key): sandbox = try await shared(key, record, specification, directory)
            }
            let session: SandboxSession
            do throws(SandboxError) {
                session = try await engine.join(
                    sandbox, id: record.id, request, facts: facts, specification: specification
                ) { end in
                    await self.leave(entered)
                    await self.recordEnd(of: record, ending: end.text)
                }
            } catch {
                await leave(entered)
                throw error
            }
            entries[record.id]?.end = session.ender
            if isStopping { session.end() }
            return session
        } catch {
            throw LauncherError(.conflict, error.description)
        }
    }

    /// The sandbox of an ended attempt, made when nobody is in it.
    private func shared(
        _ key: String, _ record: EntryRecord, _ specification: SandboxSpecification, _ directory: AttemptDirectory
    ) async throws(SandboxError) -> HeldSandbox {
        while let ending = held[key]?.ending { await ending.value }
        let making: Task<Result<HeldSandbox, SandboxError>, Never>
        if let there = held[key] {
            held[key]?.users += 1
            making = there.making
        } else {
            let place = state.session(record.id)
            let allowsDisk = processings[record.processing]?.attempt == nil
            making = Task { [engine] in
                do throws(SandboxError) {
                    return .success(
                        try await engine.reopen(
                            specification, of: directory, at: place, snapshot: record.snapshot, allowsDisk: allowsDisk))
                } catch {
                    return .failure(error)
                }
            }
            held[key] = SharedSandbox(making: making)
        }
        switch await making.value {
        case .success(let sandbox): return sandbox
        case .failure(let error):
            await leave(.held(key))
            throw error
        }
    }

    /// One fewer is inside; the last one ends a sandbox that was made for sessions.
    private func leave(_ entered: Entered) async {
        guard case .held(let key) = entered, let shared = held[key] else { return }
        held[key]?.users -= 1
        guard shared.users == 1 else { return }
        // It forgets the sandbox itself: whoever waits for its end then finds it gone.
        let ending = Task {
            if case .success(let sandbox) = await shared.making.value { await sandbox.end() }
            self.held[key] = nil
        }
        held[key]?.ending = ending
        await ending.value
    }

    // MARK: Leaving

    /// Records an entry's end, and lets go on what waited for it.
    private func recordEnd(of record: EntryRecord, ending: String) async {
        let at = now()
        let note = "\(record.who) has left \(record.reference): \(ending)"
        do throws(LauncherError) {
            try await fromStore { () async throws(StoreError) in
                try await store.write { transaction throws(StoreError) in
                    try transaction.endEntry(record.id, at: at, ending: ending)
                    try transaction.note(note, on: record.processing, at: at)
                }
            }
        } catch {
            LauncherLog.write(.error, "recording the end of an entry failed", ("error", error.description))
        }
        LauncherLog.write(
            .info, "somebody has left", ("attempt", record.reference), ("who", record.who), ("how", ending))
        entries[record.id] = nil
        letGoOn(record.processing)
    }

    /// Lets start what waited for an end of entries and readings.
    func letGoOn(_ id: Int64) {
        if !holdsBack(id), waitingForEntries.remove(id) != nil,
            case .queued(let position) = processings[id]?.chain.state
        {
            perform([.requestAdmission(position.attempt)], for: id)
        }
        scheduleTimer()
    }

    private static func note(of record: EntryRecord) -> String {
        var text = "\(record.who) enters \(record.reference)"
        if let command = record.command { text += " with \(command)" }
        if record.snapshot { text += ", a snapshot" }
        if !record.relaxed.isEmpty { text += ", relaxed: \(record.relaxed.joined(separator: ", "))" }
        return text
    }

    // MARK: What waits

    /// Why the next attempt waits, a fact for everybody who is inside.
    func entryFacts(_ id: Int64) -> [Explanation.Fact] {
        sessions().filter { $0.processing == id }.map { entry in
            Explanation.Fact(
                kind: "entered", text: "\(entry.who) is inside of \(entry.reference)",
                values: ["holder": entry.who, "attempt": entry.reference, "session": "\(entry.id)"])
        }
    }

    /// - Parameter isFromStart: what the Scripts share is emptied.
    func refuseRerun(of id: Int64, isFromStart: Bool) throws(LauncherError) {
        guard
            let entry = entries.values.first(where: {
                $0.record.processing == id && ($0.holdsBack || isFromStart)
            })
        else { return }
        throw LauncherError(
            .conflict,
            "\(entry.record.who) is inside of \(entry.record.reference)\(entry.record.snapshot ? " with a snapshot" : ""): "
                + "rerun it when nobody is")
    }

    // MARK: The next start

    /// Clears away what sessions of a Launcher that was killed have left. They ended with it.
    func clearSessions() async throws(LauncherError) {
        for entry in try await fromStore({ () async throws(StoreError) in try await self.store.openEntries() }) {
            await recordEnd(of: entry, ending: "the Launcher ended")
        }
        for name in (try? FileStamp.names(in: state.sessions)) ?? [] {
            let directory = AttemptDirectory(path: "\(state.sessions)/\(name)")
            await clearOnceEnded(directory)
            do throws(SandboxError) {
                if let leftover = try await engine.removeTree(directory.path) { throw SandboxError("\(leftover)") }
            } catch {
                LauncherLog.write(.warning, "a session's directory is left", ("error", error.description))
            }
        }
        engine.clearSessions()
    }
}
