import Configuration
import Glibc
import Linux
import Sandbox
import Store

extension Launcher {
    // MARK: What is kept

    /// Who holds a Processing's directories; nobody when it is empty.
    func holders(of id: Int64) -> [Retention.Holder] {
        var holders: [Retention.Holder] = processings[id] == nil ? [] : [.underWay]
        holders += sessions().filter { $0.processing == id }.map { .entered(by: $0.who) }
        if reading[id] != nil { holders.append(.read) }
        if let pin = pins[id] { holders.append(.pinned(by: pin.who, reason: pin.reason)) }
        return holders
    }

    func candidates() -> [Retention.Candidate] {
        kept.map { id, directories in
            Retention.Candidate(
                id: id, succeeded: directories.record.status == .success, endedAt: directories.record.endedAt ?? 0,
                expiresAt: directories.record.expiresAt ?? 0, bytes: directories.bytes, holders: holders(of: id),
                isBeingRemoved: directories.isBeingRemoved, hasFailed: directories.notBefore != nil)
        }
    }

    /// How many Processings' directories are being removed.
    var removals: Int { kept.removals }

    /// Takes the directories of a Processing that has ended.
    func keep(_ record: ProcessingRecord) {
        kept[record.id] = KeptDirectories(record: record)
        if (record.expiresAt ?? 0) <= now(), holders(of: record.id).isEmpty {
            beginRemoval(of: record.id, .keepTime)
        } else {
            measure(record.id)
            wake(at: record.expiresAt ?? 0)
        }
    }

    /// Finds out what a Processing's directories hold, in the background, and records it.
    private func measure(_ id: Int64) {
        guard let record = kept[id]?.record, let block = record.uidBlock else { return }
        let (path, identity) = (state.processing(id), blocks.identity(block))
        Task {
            let bytes = await self.background.run { SandboxEngine.measure(path, identity: identity) }
            guard self.kept[id]?.record == record, self.kept[id]?.isBeingRemoved == false else { return }
            self.kept[id]?.bytes = bytes
            do throws(LauncherError) {
                try await self.fromStore { () async throws(StoreError) in
                    try await self.store.write { transaction throws(StoreError) in
                        try transaction.saveSize(bytes, of: id)
                    }
                }
            } catch {
                // It is measured again at the next start.
            }
            if self.isShortOfDisk || self.disk.handedOut != nil { self.admitSoon() }
        }
    }

    // MARK: A new start

    /// Takes up what is recorded of the directories that are kept.
    func recoverKeeping() async throws(LauncherError) {
        for pin in try await fromStore({ () async throws(StoreError) in try await self.store.pins() }) {
            pins[pin.processing] = pin
        }
        for row in try await fromStore({ () async throws(StoreError) in try await self.store.preserved() }) {
            kept[row.processing]?.bytes = row.bytes
            kept[row.processing]?.removal = row.removal.map { .resumed($0) }
        }
    }

    /// Goes on with what an earlier Launcher had begun: removals, also those that nothing but the directory's name tells of.
    func resumeKeeping() {
        for (id, directories) in kept {
            kept[id]?.removal = nil
            // What has begun to go cannot be undone, whoever holds it.
            let isGoing = access(state.beingRemoved(id), F_OK) == 0 || access(state.processing(id), F_OK) != 0
            if isGoing || directories.isBeingRemoved && holders(of: id).isEmpty {
                beginRemoval(of: id, directories.removal ?? .keepTime, force: true)
            } else if directories.bytes == nil {
                measure(id)
            }
        }
    }

    // MARK: Removing

    /// Removes an ended Processing's directories, beside everything else, and gives back its block of uids.
    ///
    /// - Parameter force: although somebody holds them: what has begun cannot be undone.
    func beginRemoval(of id: Int64, _ cause: Retention.Cause, force: Bool = false) {
        guard let directories = kept[id], !directories.isBeingRemoved, force || holders(of: id).isEmpty else { return }
        kept[id]?.removal = cause
        carryOutRemoval(of: id, cause)
    }

    func carryOutRemoval(of id: Int64, _ cause: Retention.Cause) {
        guard let directories = kept[id] else { return }
        if cause == .keepTime, directories.record.status == .success {
            removalsDue.append(id)
            removeTogether()
            return
        }
        let removal = DirectoryRemoval(
            directory: state.processing(id), aside: state.beingRemoved(id),
            remnant: directories.record.status == .success
                ? nil : Remnant(source: state.processing(id), target: state.remnant(id)), ballast: ballast)
        Task {
            if cause != .keepTime { await self.recordBeginning(of: id, cause) }
            switch await self.background.run({ removal.carryOut() }) {
            case .success(let leftover):
                Self.tell(leftover, of: id)
                await self.directoriesAreGone([id], cause)
            case .failure(let error):
                LauncherLog.write(
                    .error, "directories are left", ("processing", "\(id)"), ("error", error.description))
                await self.removeLater(id)
            }
        }
    }

    /// Removes what successes left that are kept no longer: what becomes due during a removal goes in the next one together,
    /// so that a crowd costs few changes of threads and few records.
    private func removeTogether() {
        guard !isRemovingTogether else { return }
        isRemovingTogether = true
        Task {
            while !self.removalsDue.isEmpty {
                let batch = self.removalsDue.prefix(Self.mostTogether).map { id in
                    (
                        id,
                        DirectoryRemoval(
                            directory: self.state.processing(id), aside: self.state.beingRemoved(id), remnant: nil,
                            ballast: self.ballast)
                    )
                }
                self.removalsDue.removeFirst(batch.count)
                let results = await self.background.run { batch.map { ($0.0, $0.1.carryOut()) } }
                var gone: [Int64] = []
                for (id, result) in results {
                    switch result {
                    case .success(let leftover):
                        Self.tell(leftover, of: id)
                        gone.append(id)
                    case .failure(let error):
                        LauncherLog.write(
                            .error, "directories are left", ("processing", "\(id)"), ("error", error.description))
                        await self.removeLater(id)
                    }
                }
                // Beside the next ones.
                if !gone.isEmpty { Task { [gone] in await self.directoriesAreGone(gone, .keepTime) } }
            }
            self.isRemovingTogether = false
        }
    }

    private static let mostTogether = 32

    private static func tell(_ leftover: Leftover?, of id: Int64) {
        guard let leftover else { return }
        LauncherLog.write(
            .warning, "something could not be removed, and was moved aside", ("processing", "\(id)"),
            ("error", leftover.description))
    }

    /// That the store cannot take it now, as on a full disk, does not keep the removal.
    private func recordBeginning(of id: Int64, _ cause: Retention.Cause) async {
        do throws(StoreError) {
            try await store.write { transaction throws(StoreError) in
                try transaction.beginRemoval(cause.description, of: id)
            }
        } catch {
            LauncherLog.write(
                .warning, "a removal begins unrecorded", ("processing", "\(id)"), ("error", error.description))
        }
    }

    /// Removes a tree that a Processing's Scripts could write to; tells what could not be removed and lies aside.
    func removeTree(_ path: String, of id: Int64) async throws(SandboxError) {
        guard let leftover = try await engine.removeTree(path) else { return }
        Self.tell(leftover, of: id)
        // Not moved either: whoever needs the place cannot have it yet.
        if leftover.path == path { throw SandboxError("removing \(path): \(leftover)") }
    }

    /// After a failed removal, which is tried again. Until then the Processing may be rerun, unless something is gone already.
    private func removeLater(_ id: Int64) async {
        let due = now() + Self.longestWait
        kept[id]?.notBefore = due
        wake(at: due)
        guard access(state.beingRemoved(id), F_OK) != 0 else { return }
        kept[id]?.removal = nil
        // So that the next start does not go on with it either; it is of no harm where it does.
        try? await store.write { transaction throws(StoreError) in try transaction.endRemoval(of: id) }
    }

    /// Records that they are gone, once the store takes it, and frees what they held.
    private func directoriesAreGone(_ ids: [Int64], _ cause: Retention.Cause) async {
        let gone = ids.compactMap { id in kept[id].flatMap { removed(id, $0, cause) } }
        guard !gone.isEmpty else { return }
        let at = now()
        while true {
            do throws(LauncherError) {
                try await fromStore { () async throws(StoreError) in
                    // Somebody may wait for the blocks.
                    try await store.write(isPatient: blocks.hasFree) { transaction throws(StoreError) in
                        for entry in gone {
                            try transaction.updateProcessing(entry.record)
                            try transaction.forgetPreserved(entry.record.id)
                            try transaction.removePin(of: entry.record.id)
                            try transaction.note(entry.note, on: entry.record.id, at: at)
                            try transaction.tell(ChangeRecord(.removed, of: entry.record, at: at))
                        }
                    }
                }
                break
            } catch {
                // They are gone: the record follows when the store takes it, or at the next start.
                ballast.giveUp()
                if isStopping { return }
                try? await Task.sleep(for: .seconds(1))
            }
        }
        for entry in gone {
            let id = entry.record.id
            LauncherLog.write(.info, "directories removed", ("processing", "\(id)"), ("why", entry.note))
            kept[id] = nil
            pins[id] = nil
            engine.release(blocks.identity(entry.block), in: state.path)
            blocks.giveBack(entry.block)
            admission.giveBack(Resources(cpu: 0, memory: 0, uidBlocks: 1))
        }
        admitSoon()
    }

    /// The record of a Processing whose directories are gone, with what is noted of that; nil when it has none.
    private func removed(
        _ id: Int64, _ directories: KeptDirectories, _ cause: Retention.Cause
    ) -> (record: ProcessingRecord, block: UInt32, note: String)? {
        guard let block = directories.record.uidBlock else { return nil }
        var record = directories.record
        record.uidBlock = nil
        var text = "its directories were removed: \(cause)"
        if let bytes = directories.bytes { text += "; they held \(SizeText.short(bytes))" }
        if access(state.remnant(id), F_OK) == 0 { text += "; logs, outcomes and lists of files are kept" }
        return (record, block, text)
    }
}

/// The removal of a Processing's directories, for a thread that may block.
struct DirectoryRemoval: Sendable {
    let directory: String
    /// What it is called once nothing more is needed of it.
    let aside: String
    /// What stays of it.
    let remnant: Remnant?
    let ballast: Ballast

    /// Whatever an earlier try had done.
    func carryOut() -> Result<Leftover?, SandboxError> {
        do throws(SandboxError) {
            if access(directory, F_OK) == 0 {
                try keepRemnant()
                _ = try SandboxEngine.removeTreeNow(aside)
                // A place that cannot be renamed, such as a mount point, is emptied where it is.
                rename(directory, aside)
            }
            var leftover: Leftover?
            for path in [aside, directory] {
                guard let left = try SandboxEngine.removeTreeNow(path) else { continue }
                if left.path == path { throw SandboxError("removing \(path): \(left)") }
                leftover = left
            }
            return .success(leftover)
        } catch {
            return .failure(error)
        }
    }

    private func keepRemnant() throws(SandboxError) {
        guard let remnant else { return }
        do throws(SystemError) {
            do throws(SystemError) {
                try remnant.write()
            } catch  where [ENOSPC, EDQUOT].contains(error.number) {
                ballast.giveUp()
                try remnant.write()
            }
        } catch {
            throw SandboxError("setting aside what stays of \(directory): \(error)")
        }
    }
}
