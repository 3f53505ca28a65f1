import Configuration
import Sandbox
import Store

extension Launcher {
    /// The clock may be set: however far away the next moment is, it is looked at once a minute.
    private static let longestWait: Int64 = 60_000

    /// Sleeps until the next moment at which something is due. One timer for everything.
    func scheduleTimer() {
        guard !isStopping else { return }
        timer?.cancel()
        let now = now()
        var next = now + Self.longestWait
        for retry in retries.values { next = min(next, retry.due) }
        for task in liveTasks.values where !task.record.paused {
            if let due = task.ticks?.next(now: now) { next = min(next, due) }
        }
        for (id, directories) in kept where !directories.isBeingRemoved && !isEntered(id) {
            if let due = directories.record.expiresAt { next = min(next, due) }
        }
        let wait = max(1, next - now)
        timer = Task { [weak self] in
            do {
                try await Task.sleep(for: .milliseconds(wait))
            } catch {
                return
            }
            await self?.lookAtTime()
        }
    }

    /// Does what is due by now.
    func lookAtTime() async {
        guard !isStopping else { return }
        let now = now()
        for (id, retry) in retries where retry.due <= now {
            retries[id] = nil
            post(.event(.retryDue(retry.attempt), actor: nil), to: id)
        }
        for name in liveTasks.keys.sorted() { await tick(name) }
        for (id, directories) in kept where !directories.isBeingRemoved && !isEntered(id) {
            if let due = directories.record.expiresAt, due <= now { removeDirectories(of: id) }
        }
        scheduleTimer()
    }

    /// Fires a Periodic Task when it is time.
    private func tick(_ name: String) async {
        guard var task = liveTasks[name], var ticks = task.ticks, !task.record.paused else { return }
        let before = ticks.last
        let unfinished = processings.values.count { $0.record.task == name }
        let check = ticks.check(now: now(), running: unfinished, maxRunning: task.definition.maxRunning)
        task.ticks = ticks
        task.record.lastTick = ticks.last
        liveTasks[name] = task
        do throws(LauncherError) {
            switch check {
            case .fire:
                let processing = try await prepare(task, params: [:], extras: .ignored)
                _ = try await create(processing, note: "created by its schedule", tick: ticks.last)
            case .skip(let running, let limit):
                LauncherLog.write(
                    .warning, "a tick was left out", ("task", name), ("running", "\(running)"), ("limit", "\(limit)"))
                try await saveTick(ticks.last, of: name)
            case .wait, .never:
                if ticks.last != before { try await saveTick(ticks.last, of: name) }
            }
        } catch {
            LauncherLog.write(.error, "a tick failed", ("task", name), ("error", error.description))
        }
    }

    private func saveTick(_ last: Int64?, of task: String) async throws(LauncherError) {
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in try transaction.saveTick(last, task: task) }
        }
    }

    // MARK: Directories

    /// Removes an ended Processing's directories, beside everything else, and gives back its block of uids.
    private func removeDirectories(of id: Int64) {
        kept[id]?.isBeingRemoved = true
        Task {
            do throws(SandboxError) {
                try await self.removeTree(self.state.processing(id), of: id)
            } catch {
                LauncherLog.write(
                    .error, "directories are left", ("processing", "\(id)"), ("error", error.description))
                self.removeLater(id)
                return
            }
            await self.directoriesAreGone(id)
        }
    }

    /// Removes a tree that a Processing's Scripts could write to; tells what could not be removed and lies aside.
    func removeTree(_ path: String, of id: Int64) async throws(SandboxError) {
        guard let leftover = try await engine.removeTree(path) else { return }
        LauncherLog.write(
            .warning, "something could not be removed, and was moved aside", ("processing", "\(id)"),
            ("error", leftover.description))
        // Not moved either: whoever needs the place cannot have it yet.
        if leftover.path == path { throw SandboxError("removing \(path): \(leftover)") }
    }

    /// After a failed removal, which is tried again; until then the Processing may be rerun.
    private func removeLater(_ id: Int64) {
        kept[id]?.isBeingRemoved = false
        kept[id]?.record.expiresAt = now() + Self.longestWait
        scheduleTimer()
    }

    private func directoriesAreGone(_ id: Int64) async {
        guard var record = kept[id]?.record, let block = record.uidBlock else { return }
        record.uidBlock = nil
        let (changed, at) = (record, now())
        do throws(LauncherError) {
            try await fromStore { () async throws(StoreError) in
                try await store.write { transaction throws(StoreError) in
                    try transaction.updateProcessing(changed)
                    try transaction.note("its directories were removed: keep time is over", on: id, at: at)
                }
            }
        } catch {
            // They are gone; the record follows at the next start.
            LauncherLog.write(.error, "recording a removal failed", ("error", error.description))
        }
        kept[id] = nil
        engine.release(blocks.identity(block), in: state.path)
        blocks.giveBack(block)
        admission.giveBack(Resources(cpu: 0, memory: 0, uidBlocks: 1))
        admitSoon()
    }
}
