import CLinux
import Configuration
import Glibc
import Linux
import SandboxPlan

extension SandboxEngine {
    private static let groupPrefix = "session-"

    // MARK: Reopening

    /// Makes the sandbox of an ended attempt again, for sessions to join.
    ///
    /// - Parameters:
    ///   - place: where it has its own files; made here, and removed at its end.
    ///   - snapshot: leaves the attempt's directories as they are.
    ///   - allowsDisk: lets sessions add as much to the disk as an attempt may. Not while another attempt of the Processing
    ///     runs: what they share has one limit.
    package func reopen(
        _ specification: SandboxSpecification, of attempt: AttemptDirectory, at place: AttemptDirectory,
        snapshot: Bool, allowsDisk: Bool
    ) async throws(SandboxError) -> HeldSandbox {
        try await run { () throws(SandboxError) in
            try self.reopenNow(specification, of: attempt, at: place, snapshot: snapshot, allowsDisk: allowsDisk)
        }
    }

    private func reopenNow(
        _ specification: SandboxSpecification, of attempt: AttemptDirectory, at place: AttemptDirectory,
        snapshot: Bool, allowsDisk: Bool
    ) throws(SandboxError) -> HeldSandbox {
        guard access(attempt.plan, F_OK) == 0 else {
            throw SandboxError(
                "entering \(specification.reference): its sandbox was never made, so there is nothing to enter. altp why "
                    + "says what kept it")
        }
        let original = try attempt.readPlan()
        do throws(SystemError) {
            try check("mkdir", place.path) { mkdir(place.path, 0o700) }
        } catch {
            throw SandboxError("entering \(specification.reference): \(error)")
        }
        let group = Self.groupPrefix + "held-" + (place.path.split(separator: "/").last ?? "")
        var isMade = false
        defer {
            if !isMade {
                cgroups.remove(group)
                _ = try? Self.removeTreeNow(place.path)
            }
        }
        do throws(SystemError) {
            try check("mkdir", place.root) { mkdir(place.root, 0o700) }
            try place.makeLock()
        } catch {
            throw SandboxError("entering \(specification.reference): \(error)")
        }
        // An image is made ready for writing only where it will be written to.
        if allowsDisk, !(snapshot && specification.storage == .images) {
            _ = try disk.allow(specification, at: attempt)
        }
        let layers = snapshot ? try disk.makeSnapshot(of: specification, at: place) : nil
        var limits = specification.policy.limits
        if original.steps.contains(.makeNetwork) { limits.pids += SandboxLink.processes }
        let steps = try cgroups.makeHeld(group, limits: limits, at: place.path)
        let plan = ReopenedPlan(original: original, root: place.root, groupSteps: steps, snapshot: layers).plan()
        let held = try hold(plan, at: place, groups: cgroups.directories(of: group))
        isMade = true
        return held
    }

    private func hold(_ plan: Plan, at place: AttemptDirectory, groups: [String]) throws(SandboxError) -> HeldSandbox {
        let hold =
            try plan.steps.lazy.compactMap { step -> String? in
                if case .makeOverlayRoot(_, let layers, _) = step { layers.lower } else { nil }
            }.first.map { root throws(SandboxError) in try settings.images?.hold(root: root) } ?? nil
        let sockets = try SocketPair()
        let null: FileDescriptor
        do throws(SystemError) {
            null = try FileDescriptor.open("/dev/null", O_RDWR)
        } catch {
            throw SandboxError("starting the sandbox: \(error)")
        }
        let process = try InitProcess.spawn(
            .execute(settings.initExecutable), plan: plan, filter: nil, directory: place,
            streams: [sockets.theirs, null.raw, null.raw], hold: hold)
        let own = sockets.takeOurs()
        let lifeline = own.raw
        let held = HeldSandbox(
            process, directory: place, lifeline: own, groups: groups, watcher: watcher,
            tellLeftover: settings.tellLeftover)
        // A network's link may take its time.
        var polled = pollfd(fd: lifeline, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 60_000) < 0 && errno == EINTR {}
        var byte: UInt8 = 0
        guard polled.revents != 0, recv(lifeline, &byte, 1, Int32(MSG_DONTWAIT)) == 1 else {
            var reason = "its pid 1 ended, or did not answer"
            let isOver = polled.revents != 0
            if isOver {
                var ended = pollfd(fd: held.pidfd.raw, events: Int16(POLLIN), revents: 0)
                while poll(&ended, 1, 10_000) < 0 && errno == EINTR {}
                if let content = try? readFileBytes(place.outcome), let report = InitReport(json: content),
                    case .setup(let step, let number) = report.end
                {
                    reason = number == 0 ? step : "\(step): \(systemMessage(number))"
                }
            }
            held.endNow()
            throw SandboxError("making the sandbox again: \(reason)")
        }
        return held
    }

    // MARK: Joining

    /// Starts a session in a live sandbox. Returns once its command is executed, or could not be.
    ///
    /// - Parameters:
    ///   - id: tells it from others of this engine.
    ///   - specification: the attempt's.
    ///   - afterwards: called when nothing of the session runs any more, before anybody is told its end.
    package func join(
        _ sandbox: any JoinableSandbox, id: Int64, _ request: SessionRequest, facts: SessionFacts,
        specification: SandboxSpecification, afterwards: @escaping @Sendable (SessionEnd) async -> Void
    ) async throws(SandboxError) -> SandboxSession {
        try await run { () throws(SandboxError) in
            try self.joinNow(
                sandbox, id: id, request, facts: facts, specification: specification, afterwards: afterwards)
        }
    }

    private func joinNow(
        _ sandbox: any JoinableSandbox, id: Int64, _ request: SessionRequest, facts: SessionFacts,
        specification: SandboxSpecification, afterwards: @escaping @Sendable (SessionEnd) async -> Void
    ) throws(SandboxError) -> SandboxSession {
        let original = try sandbox.directory.readPlan()
        var leftOut: Set<String> = []
        if request.relax.contains(.network) { leftOut.insert("net") }
        if request.relax.contains(.limits) { leftOut.insert("cgroup") }
        let namespaces = try JoinedNamespaces(of: sandbox, leavingOut: leftOut)
        let policy = specification.policy
        let filter =
            request.relax.contains(.seccomp)
            ? nil : try seccomp.filter(policy.seccomp, capabilities: policy.capabilities.map(\.description))
        let group = "\(Self.groupPrefix)\(id)"
        let (groups, groupSteps) =
            request.relax.contains(.limits)
            ? try cgroups.makeUnlimited(group) : try cgroups.makeSession(group, in: original.steps)
        var isStarted = false
        defer { if !isStarted { CgroupRemoval.remove(groups).forEach(settings.tellLeftover) } }
        let plan = SessionPlan(
            sandbox: original, request: request, reference: specification.reference, specification: specification,
            groupSteps: groupSteps, filter: filter
        ).plan()
        try plan.refuseNUL()
        let sockets = try SocketPair()
        let pipes = try SessionPipes(owner: specification.identity.hostUID, isTerminal: request.terminal != nil)
        let process: InitProcess
        do throws(SystemError) {
            let text = try FileDescriptor.memory("plan", Array(plan.text.utf8))
            let null = try FileDescriptor.open("/dev/null", O_RDWR)
            let streams = pipes.theirs.isEmpty ? [null.raw, null.raw, null.raw] : pipes.theirs
            process = try InitProcess.spawn(
                settings.initExecutable, ["join", "\(namespaces.descriptors.count)"],
                streams + [text.raw, sockets.theirs, filter?.file.descriptor.raw ?? null.raw] + namespaces.descriptors,
                flags: 0)
            withExtendedLifetime(filter) {}
        } catch {
            throw SandboxError("entering \(specification.reference): \(error)")
        }
        let session = SessionProcess(
            process, control: sockets.takeOurs(), sandbox: sandbox, memory: policy.limits.memory, groups: groups,
            watcher: watcher,
            tellLeftover: settings.tellLeftover, afterwards: afterwards)
        isStarted = true
        return try begin(
            session, pipes, id: id, reference: specification.reference, facts: facts, isShell: request.command == nil)
    }

    private func begin(
        _ process: SessionProcess, _ pipes: consuming SessionPipes, id: Int64, reference: String, facts: SessionFacts,
        isShell: Bool
    ) throws(SandboxError) -> SandboxSession {
        let start: SessionProcess.Start
        do throws(SandboxError) {
            start = try process.waitForStart()
        } catch {
            process.abort()
            throw error
        }
        let terminal: Int32?
        var end: SessionEnd?
        switch start {
        case .executed(let given): terminal = given
        case .failed(let report, let given):
            terminal = given
            var failure = SessionEnd(report, sandboxHasEnded: false)
            if isShell, case .notExecuted(127, let reason) = failure.kind {
                let remedy = "Bring a static one with --with DIR, and enter with -- \(SessionPlan.tools)/NAME"
                failure.kind = .notExecuted(status: 127, reason: "\(reason): its rootfs has no shell. \(remedy)")
            }
            guard case .setup(let step, _) = report.end, step.hasPrefix("execute ") else {
                if let given { close(given) }
                process.abort()
                throw SandboxError("entering \(reference): \(failure.text)")
            }
            end = failure
        }
        let ours = pipes.take()
        let streams: SessionStreams =
            if let terminal { .terminal(terminal) } else if ours.count == 3 {
                .pipes(input: ours[0], output: ours[1], error: ours[2])
            } else {
                { process.abort() }()
                throw SandboxError("entering \(reference): its terminal did not come")
            }
        let session = SandboxSession(id: id, reference: reference, facts: facts, streams: streams, process: process)
        if let end {
            process.abort()
            process.complete(end)
        } else {
            process.watch()
        }
        return session
    }

    // MARK: Clearing up

    /// Removes what sessions of an earlier process have left: groups outside of attempts' own. Blocks.
    package func clearSessions() {
        CgroupRemoval.removeChildren(of: cgroups.ownGroups, named: Self.groupPrefix).forEach(settings.tellLeftover)
    }
}

/// A socket pair that keeps messages apart.
struct SocketPair: ~Copyable {
    private var ours: Int32
    let theirs: Int32

    init() throws(SandboxError) {
        var ends: [Int32] = [-1, -1]
        do throws(SystemError) {
            try check("socketpair") {
                socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
            }
        } catch {
            throw SandboxError("entering the sandbox: \(error)")
        }
        ours = ends[0]
        theirs = ends[1]
    }

    deinit {
        close(theirs)
        if ours >= 0 { close(ours) }
    }

    /// Gives one's own end away, and closes the other.
    consuming func takeOurs() -> FileDescriptor {
        let taken = ours
        ours = -1
        return FileDescriptor(owning: taken)
    }
}

/// Three pipes for a session without a terminal.
struct SessionPipes: ~Copyable {
    /// The session's ends, in the order of the standard streams; none for a terminal.
    private(set) var theirs: [Int32] = []
    private var ours: [Int32] = []

    /// - Parameter owner: may open `/dev/stdout` and the like by name.
    init(owner: UInt32, isTerminal: Bool) throws(SandboxError) {
        guard !isTerminal else { return }
        for stream in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard altp_pipe(&ends) == 0 else {
                throw SandboxError("entering the sandbox: \(SystemError("pipe2"))")
            }
            if stream == 0 { ends.swapAt(0, 1) }
            ours.append(ends[0])
            theirs.append(ends[1])
            fchown(ends[1], owner, owner)
        }
    }

    deinit { (ours + theirs).forEach { close($0) } }

    /// Gives one's own ends away, and closes the session's.
    consuming func take() -> [Int32] {
        let taken = ours
        ours = []
        return taken
    }
}
