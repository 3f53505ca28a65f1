import Configuration
import Sandbox
import Store

extension Launcher {
    /// The clock may be set: however far away the next moment is, it is looked at once a minute.
    static let longestWait: Int64 = 60_000

    /// Sleeps until the next moment at which something is due. One timer for everything.
    func scheduleTimer() {
        guard !isStopping else { return }
        let now = now()
        var next = now + Self.longestWait
        for retry in retries.values { next = min(next, retry.due) }
        for task in liveTasks.values where !task.record.paused {
            if let due = task.ticks?.next(now: now) { next = min(next, due) }
        }
        next = min(next, nextKeepingMoment(now))
        sleep(until: next, now)
    }

    /// Something more is due then. What else is waited for need not be looked through: it moves the timer forward, or not.
    func wake(at moment: Int64) {
        guard !isStopping else { return }
        let now = now()
        let wait = max(1, min(moment, now + Self.longestWait) - now)
        if let timerDue, timerDue <= ClockWatch.steadyTime() + wait { return }
        sleep(until: now + wait, now)
    }

    private func sleep(until moment: Int64, _ now: Int64) {
        timer?.cancel()
        let wait = max(1, moment - now)
        timerDue = ClockWatch.steadyTime() + wait
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
        timerDue = nil
        let now = now()
        watchClock()
        for (id, retry) in retries where retry.due <= now {
            retries[id] = nil
            post(.event(.retryDue(retry.attempt), actor: nil), to: id)
        }
        for name in liveTasks.keys.sorted() { await tick(name) }
        lookAtWhatIsKept(now)
        scheduleTimer()
    }

    /// Moves what is waited for when somebody has set the clock.
    func watchClock() {
        let shift = clock.shift(real: now(), steady: ClockWatch.steadyTime())
        guard shift != 0 else { return }
        LauncherLog.write(
            .warning, "the host's clock was set; waits for retries move with it", ("milliseconds", "\(shift)"))
        for (id, retry) in retries {
            let (due, overflow) = retry.due.addingReportingOverflow(shift)
            if !overflow { retries[id]!.due = due }
        }
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
}
