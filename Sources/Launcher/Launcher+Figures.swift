import Configuration
package import Store

/// What the Launcher is doing, in figures.
package struct LauncherFigures: Sendable {
    package struct Task: Sendable {
        package var name: String
        package var scripts: [String]
        package var isPaused: Bool
        package var isBroken: Bool
        package var waiting = 0
        package var running = 0
        /// Attempts that run in a sandbox.
        package var attempts = 0
    }

    package struct Pool: Sendable {
        package var name: String
        package var size: Int
        package var used: Int
    }

    package var startedAt: Int64
    package var tasks: [Task]
    /// Attempts that wait, each under the first thing that it waits for.
    package var queued: [QueueReason: Int]
    package var disk: DiskLedger
    package var isShortOfDisk: Bool
    /// Ended Processings whose directories are there, and what these hold as far as it is known.
    package var preserved: Int
    package var preservedBytes: Int64
    package var pools: [Pool]
    package var capacity: Resources
    package var used: Resources
    package var sessions: Int
    /// Microseconds, since the Launcher started.
    package var schedulingLatency: Histogram
    package var sandboxStarts: Histogram
}

extension Launcher {
    package func figures() -> LauncherFigures {
        lookAtDisk()
        var tasks: [String: LauncherFigures.Task] = [:]
        for (name, task) in liveTasks {
            tasks[name] = .init(
                name: name, scripts: task.definition.scripts.map(\.name), isPaused: task.record.paused,
                isBroken: task.problem != nil)
        }
        // Each is there, so that nobody takes a missing figure for zero, or zero for a missing figure.
        let reasons = QueueReason.ofEveryHost + admission.poolSizes.keys.map { .pool($0) }
        var queued = Dictionary(uniqueKeysWithValues: reasons.map { ($0, 0) })
        queued.merge(admission.waitingByReason(now: now())) { $0 + $1 }
        for (id, live) in processings {
            let isWaiting = live.chain.status == .waiting
            tasks[live.record.task]?.waiting += isWaiting ? 1 : 0
            tasks[live.record.task]?.running += isWaiting ? 0 : 1
            if live.sandbox != nil { tasks[live.record.task]?.attempts += 1 }
            if let reason = reasonOutsideOfAdmission(id, live) { queued[reason, default: 0] += 1 }
        }
        return LauncherFigures(
            startedAt: startedAt, tasks: tasks.values.sorted { $0.name < $1.name }, queued: queued, disk: disk,
            isShortOfDisk: isShortOfDisk, preserved: kept.keys.count,
            preservedBytes: kept.values.reduce(0) { $0 + ($1.bytes ?? 0) },
            pools: admission.poolSizes.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, size: $0.value, used: $0.value - (admission.poolFree[$0.key] ?? 0))
            }, capacity: admission.capacity, used: admission.capacity - admission.free, sessions: entries.count,
            schedulingLatency: schedulingLatency.histogram, sandboxStarts: sandboxStarts.histogram)
    }

    private func reasonOutsideOfAdmission(_ id: Int64, _ live: LiveProcessing) -> QueueReason? {
        if waitingForEntries.contains(id) { return .entered }
        switch live.chain.state {
        case .backingOff: return .retry
        case .queued where live.obstacle != nil: return .stateFolder
        case .queued:
            // What can never start is not in the queue.
            let isElsewhere = admission.isWaiting(id) || admission.isHolding(id) || live.isBusy
            return isElsewhere ? nil : .impossible
        default: return nil
        }
    }

    // MARK: Readiness

    /// Whether the Launcher can do its work, a sentence for each thing that keeps it from that.
    package func readiness() async -> [(check: String, problem: String)] {
        var problems: [(check: String, problem: String)] = []
        if !isRecovered { problems.append(("recovery", "what was under way before the start is still being taken up")) }
        if isStopping { problems.append(("stopping", "the Launcher is stopping")) }
        do throws(StoreError) {
            try await store.checkWritable()
        } catch {
            LauncherLog.write(.error, "the store is not writable", ("error", error.description))
            problems.append(("store", "the store takes no changes; the Launcher's log says why"))
        }
        lookAtDisk()
        if isShortOfDisk {
            problems.append(("disk", "the disk is short, and nothing that is kept may be removed"))
        }
        return problems
    }
}
