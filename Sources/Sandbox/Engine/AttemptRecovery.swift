import CLinux
import Configuration
import Glibc
import Linux
import SandboxPlan

package enum Recovery: Sendable {
    /// Its pid 1 lives; it will end as if nothing had happened.
    case running(RunningSandbox)
    case ended(Outcome)
    /// The Script's command was certainly never executed, and now never will be from that start: it may be started again.
    case neverStarted
    /// It was started, and neither lives nor left an outcome (a power cut, or its pid 1 was killed).
    case lost(Outcome)
}

/// Reads from an attempt's directory what became of it.
struct AttemptRecovery {
    let directory: AttemptDirectory
    /// Else the host went down since the start: the disk has what was written back by then, and that something is missing
    /// says nothing.
    let isOfThisBoot: Bool
    let cgroups: CgroupTree
    let watcher: ProcessWatcher
    let tellLeftover: @Sendable (Leftover) -> Void

    func recover() throws(SandboxError) -> Recovery {
        guard access(directory.path, F_OK) == 0, access(directory.specification, F_OK) == 0,
            access(directory.lock, F_OK) == 0
        else { return withoutTrace }
        let specification: SandboxSpecification
        do throws(SandboxError) {
            specification = try directory.readSpecification()
        } catch {
            // Cut short while it was written: before any start.
            return withoutTrace
        }
        do throws(SystemError) {
            let lock = try FileDescriptor.open(directory.lock, O_RDWR | O_NOFOLLOW)
            if flock(lock.raw, LOCK_EX | LOCK_NB) == 0 {
                return ended(specification, lockText: String(decoding: try lock.readAll(limit: 256), as: UTF8.self))
            }
            guard errno == EWOULDBLOCK else { throw SystemError("flock", directory.lock) }
        } catch {
            throw SandboxError("finding out about the attempt \(specification.reference): \(error)")
        }
        return try adopt(specification)
    }

    /// What an attempt whose starter is gone has outside of its directory: its groups, once its pid 1 has ended.
    ///
    /// - Returns: false while its pid 1 lives.
    func clear() -> Bool {
        guard let lock = try? FileDescriptor.open(directory.lock, O_RDWR | O_NOFOLLOW) else { return true }
        guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else { return false }
        // A pid 1 still on its way finds no lock file, and leaves.
        unlink(directory.lock)
        let groups = (try? directory.readSpecification()).map(groups(of:)) ?? plannedGroups
        CgroupRemoval.remove(groups).forEach(tellLeftover)
        return true
    }

    /// The lock is ours: no pid 1 lives, and one that comes late will find it taken or an outcome.
    private func ended(_ specification: SandboxSpecification, lockText: String) -> Recovery {
        CgroupRemoval.remove(groups(of: specification)).forEach(tellLeftover)
        if access(directory.outcome, F_OK) == 0 {
            return .ended(Self.outcome(of: directory, specification: specification))
        }
        if lockText == BootIdentity.current.prepared {
            // A pid 1 still on its way finds no lock file, and leaves.
            unlink(directory.lock)
            return .neverStarted
        }
        return .lost(Self.lostOutcome)
    }

    private var withoutTrace: Recovery { isOfThisBoot ? .neverStarted : .lost(Self.lostOutcome) }

    private func adopt(_ specification: SandboxSpecification) throws(SandboxError) -> Recovery {
        // The pid is written when its command may be executed, and a pid 1 that is not told so any more ends.
        for _ in 0..<200 where isLocked {
            if let text = try? readFile(directory.lock), let pid = Int32(text) {
                let descriptor = altp_pidfd_open(pid)
                guard descriptor >= 0 else { break }
                let process = InitProcess(pid: pid, pidfd: FileDescriptor(owning: descriptor))
                // Still locked: so the pid was not given to another process before we opened it.
                guard isLocked else { break }
                // Sessions end with the process that had them.
                CgroupRemoval.removeChildren(of: plannedGroups).forEach(tellLeftover)
                return .running(
                    RunningSandbox(
                        process, specification: specification, directory: directory, groups: plannedGroups,
                        watcher: watcher, tellLeftover: tellLeftover))
            }
            usleep(5000)
        }
        guard !isLocked else {
            throw SandboxError(
                "adopting the attempt \(specification.reference): a process holds \(directory.lock) and does not say which it is"
            )
        }
        return try recover()
    }

    private var isLocked: Bool {
        guard let lock = try? FileDescriptor.open(directory.lock, O_RDONLY | O_NOFOLLOW) else { return false }
        return flock(lock.raw, LOCK_EX | LOCK_NB) != 0
    }

    /// They are made before the plan that names them is written.
    private func groups(of specification: SandboxSpecification) -> [String] {
        let planned = plannedGroups
        return planned.isEmpty ? cgroups.directories(of: directory.groupName(specification.reference)) : planned
    }

    /// The groups that its plan named: where they lie may differ from where this engine makes them.
    private var plannedGroups: [String] {
        guard let text = try? readFileBytes(directory.plan),
            let plan = try? Plan(text: String(decoding: text, as: UTF8.self))
        else { return [] }
        return plan.steps.compactMap { step in
            switch step {
            case .join(.v1, let path): String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            case .join(.v2, let path): path
            default: nil
            }
        }
    }

    /// The outcome of an attempt whose pid 1 has ended.
    static func outcome(of directory: AttemptDirectory, specification: SandboxSpecification) -> Outcome {
        guard let content = try? readFileBytes(directory.outcome), let report = InitReport(json: content) else {
            return lostOutcome
        }
        return Outcome(report, of: specification)
    }

    /// The outcome of an attempt for which no pid 1 was started.
    static func setupOutcome(_ reason: String) -> Outcome { Outcome(kind: .setup, reason: reason, endedAt: now) }

    private static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    private static var lostOutcome: Outcome {
        Outcome(
            kind: .lost,
            reason:
                "the attempt ended without leaving an outcome: the host went down, or its pid 1 was killed or failed",
            endedAt: now)
    }
}
