package import Configuration
import FoundationEssentials
import Glibc
import Linux
import SandboxPlan
import Synchronization

/// Makes sandboxes on this host. One per process; its methods may be called from any thread and block no cooperative one.
package final class SandboxEngine: Sendable {
    let settings: SandboxSettings
    let cgroups: CgroupTree
    let seccomp: SeccompCompiler
    let disk: DiskStorage
    private let rootfs: Mutex<[String: RootfsDefinition]>
    let watcher: ProcessWatcher
    private let forkServer: ForkServer

    /// Finds the host's cgroup hierarchies and makes the group below which all of this engine's groups lie.
    package init(settings: SandboxSettings) throws(SandboxError) {
        self.settings = settings
        rootfs = Mutex(settings.rootfs)
        seccomp = SeccompCompiler(cache: settings.filterFolder.flatMap { FilterCache(folder: $0) })
        disk = DiskStorage(templates: settings.diskTemplates)
        guard access(settings.initExecutable, X_OK) == 0 else {
            throw SandboxError(
                "\(SystemError("execute", settings.initExecutable)). It is part of alt-processing and lies beside the "
                    + "altp executable: install both together")
        }
        cgroups = try CgroupTree(layout: .ofHost(below: settings.cgroupParent), name: settings.cgroup)
        watcher = try ProcessWatcher()
        forkServer = ForkServer(
            settings.initExecutable, group: settings.cgroupParent == nil ? nil : try cgroups.makeSupervisors())
    }

    /// What of the policy this host cannot enforce, a sentence each; empty when it can be used as it is.
    ///
    /// - Parameter folder: below which the sandboxes' directories lie.
    package func unenforceable(_ policy: Policy, in folder: String) -> [String] {
        guard settings.isolates else { return BareMode.obstacles(policy) }
        var findings = cgroups.unenforceable(policy.limits)
        findings += cgroups.unenforceableIO(policy.limits, in: folder)
        let allowance = DiskAllowance(policy.limits)
        let method = disk.method(at: folder)
        if method == .image, allowance.bytes == nil, allowance.inodes != nil {
            findings.append(
                "inodes: the file system of \(folder) has no project quota, and an image needs a size: name `disk` beside it"
            )
        }
        if !allowance.isUnlimited, method == nil {
            findings.append(
                "disk and inodes: the file system of \(folder) has no project quota, and no image can be made: there is no "
                    + "/dev/loop-control, or no mkfs.ext4. Mount it with prjquota (ext4 needs tune2fs -O project,quota "
                    + "first), or modprobe loop and install e2fsprogs")
        }
        if policy.limits.cpu > Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))) {
            findings.append("cpu: \(policy.limits.cpu): the host has \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores")
        }
        if UInt64(policy.limits.openFiles) > ResourceLimit.maximumOpenFiles {
            findings.append(
                "open_files: \(policy.limits.openFiles): this process is itself held to \(ResourceLimit.maximumOpenFiles); "
                    + "raise it with ulimit -n, or LimitNOFILE= in the unit")
        }
        for capability in policy.capabilities where !capability.isKnownToKernel {
            findings.append("capabilities: \(capability): this kernel has no such capability; boot a newer one")
        }
        if case .allow = policy.network { findings += NetworkTools.obstacles().map { "network: \($0)" } }
        do {
            _ = try seccomp.filter(policy.seccomp, capabilities: policy.capabilities.map(\.description))
            _ = try root(of: policy)
        } catch {
            findings.append("\(error)")
        }
        return findings
    }

    /// Takes changed and new definitions, for the sandboxes from now on. One that is not among them stays as it was: Tasks
    /// may run on with it.
    package func take(rootfs definitions: [String: RootfsDefinition]) {
        rootfs.withLock { $0.merge(definitions) { _, new in new } }
    }

    /// Creates the attempt's directory with everything in it but what a start adds. Fails when it exists.
    ///
    /// The directory's layout: `spec.json`, `scratch/` (or `disk/`, when it is in an image), `root/` (unless `SandboxSettings.rootPlace`), `lock`, and
    /// `baseline` when `/processing` is not empty; `plan` and `log` from the start on, and at the end `outcome.json` and, when there are Events, `events.jsonl`.
    ///
    /// - Returns: the specification as `start` takes it.
    package func prepare(
        _ specification: SandboxSpecification, at directory: AttemptDirectory
    ) async throws(SandboxError) -> SandboxSpecification {
        try await run { () throws(SandboxError) in
            try self.make(specification, at: directory)
        }
    }

    private func make(
        _ specification: SandboxSpecification, at directory: AttemptDirectory
    ) throws(SandboxError) -> SandboxSpecification {
        var specification = specification
        guard settings.isolates else {
            specification.isBare = true
            try directory.makeBare(specification)
            return specification
        }
        specification.storage = disk.storage(of: specification, at: directory)
        try directory.make(specification, storage: disk, rootPlace: settings.rootPlace)
        try TreeRecord.record(specification, at: directory)
        return specification
    }

    /// Starts the prepared attempt. When this returns, its pid 1 runs on its own, whatever becomes of this process.
    package func start(
        _ specification: SandboxSpecification, at directory: AttemptDirectory
    ) async throws(SandboxError) -> RunningSandbox {
        try await run { () throws(SandboxError) in
            let sandbox = try self.makeSandbox(specification, at: directory)
            sandbox.begin()
            return sandbox
        }
    }

    /// Begins to make the attempt's directory and its sandbox, beside whatever the caller does until it starts the attempt; and
    /// before them, when it is not there, the directory that the Processing's Scripts share.
    ///
    /// - Parameter policies: those of the Processing's Scripts; see `makeProcessingDirectory`.
    package func beginPreparing(
        _ specification: SandboxSpecification, at directory: AttemptDirectory, policies: [Policy]
    ) -> PreparedStart {
        let start = PreparedStart(directory: directory) { [self] () throws(SandboxError) in
            if let shared = specification.processingDirectory, !policies.isEmpty, access(shared, F_OK) != 0 {
                try disk.makeShared(shared, identity: specification.identity, isLimited: isLimited(policies))
            }
            return try makeSandbox(try make(specification, at: directory), at: directory)
        }
        start.begin()
        return start
    }

    /// All of a prepared attempt but the execution of its command.
    private func makeSandbox(
        _ specification: SandboxSpecification, at directory: AttemptDirectory
    ) throws(SandboxError) -> RunningSandbox {
        guard settings.isolates else { return try startBare(specification, at: directory) }
        let network = try AllowedNetwork.resolve(specification.policy.network)
        return try startNow(specification, at: directory, network: network, streams: nil)
    }

    /// Runs one attempt from its directory's making to its end, its command with these descriptors as its standard
    /// streams and no log. Blocks its thread.
    ///
    /// - Parameters:
    ///   - terminal: gives the command a terminal of its own instead; `streams[0]` is then a socket over which pid 1 sends
    ///     its other side, see `TerminalSize`.
    ///   - learning: refuses no system call, and reports each one in the outcome's `deniedCalls`.
    ///   - whileRunning: gets the sandbox before it is waited for.
    package func run(
        _ specification: SandboxSpecification, at directory: AttemptDirectory, streams: [Int32],
        terminal: TerminalSize? = nil, learning: Bool = false, whileRunning: (RunningSandbox) -> Void
    ) throws(SandboxError) -> Outcome {
        let specification = try make(specification, at: directory)
        let network: AllowedNetwork?
        do throws(SandboxError) {
            network = try AllowedNetwork.resolve(specification.policy.network)
        } catch {
            // The fault of the policy or of the world, not of this program.
            return AttemptRecovery.setupOutcome(error.description)
        }
        let sandbox = try startNow(
            specification, at: directory, network: network, streams: streams, terminal: terminal, learning: learning)
        whileRunning(sandbox)
        return sandbox.waitForOutcome()
    }

    /// Runs blocking work away from the cooperative pool: spawning suspends its thread until the exec, deleting may take long.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws(SandboxError) -> Result
    ) async throws(SandboxError) -> Result {
        let result: Swift.Result<Result, SandboxError> = await withCheckedContinuation { continuation in
            WorkerThreads.shared.run {
                continuation.resume(returning: Swift.Result { () throws(SandboxError) in try body() })
            }
        }
        return try result.get()
    }

    private func root(of policy: Policy) throws(SandboxError) -> Root {
        if policy.rootfs == "host" { return .host }
        guard let definition = rootfs.withLock({ $0[policy.rootfs] }) else {
            throw SandboxError(
                "finding the rootfs \(policy.rootfs) of policy \(policy.name): there is none of that name")
        }
        if let obstacle = ImageRoot.obstacle { throw SandboxError("rootfs: \(policy.rootfs): \(obstacle)") }
        switch definition.source {
        case .host: return .host
        case .directory(let path): return .image(try ImageRoot(directory: path))
        case .build, .imported:
            guard let images = settings.images else {
                throw SandboxError("finding the image of the rootfs \(policy.rootfs): there is no folder of images")
            }
            return .image(try ImageRoot(image: policy.rootfs, in: images))
        }
    }

    private func startNow(
        _ specification: SandboxSpecification, at directory: AttemptDirectory, network: AllowedNetwork?,
        streams: [Int32]?, terminal: TerminalSize? = nil, learning: Bool = false
    ) throws(SandboxError) -> RunningSandbox {
        let policy = specification.policy
        let group = directory.groupName(specification.reference)
        let filter =
            learning
            ? try SeccompCompiler.learningFilter()
            : try seccomp.filter(policy.seccomp, capabilities: policy.capabilities.map(\.description))
        let root = try root(of: policy)
        settings.phaseEnded?("specification, filter and root")
        let diskSteps = try disk.allow(specification, at: directory)
        settings.phaseEnded?("disk limit")
        var limits = policy.limits
        var allowed: (AllowedNetwork, NetworkTools)?
        if let network {
            let (tools, missing) = NetworkTools.find()
            guard let tools else {
                throw SandboxError(
                    "making the network of \(specification.reference): \(missing.joined(separator: "; "))")
            }
            allowed = (network, tools)
            limits.pids += SandboxLink.processes
        }
        let steps = try cgroups.make(group, limits: limits, at: directory.path)
        settings.phaseEnded?("make the groups")
        do throws(SandboxError) {
            let plan = try PlanBuilder(
                specification: specification, attempt: directory, root: root,
                rootPlace: settings.rootPlace ?? directory.root,
                commandExecutable: settings.commandExecutable, cgroupSteps: steps, diskSteps: diskSteps,
                network: allowed, filter: filter,
                streams: terminal.map { .terminal(rows: $0.rows, columns: $0.columns) }
                    ?? (streams == nil ? .log(limit: policy.limits.log.bytes) : .inherited)
            ).plan()
            settings.phaseEnded?("plan")
            let child = try InitProcess.spawn(
                streams == nil ? .fork(forkServer) : .execute(settings.initExecutable), plan: plan, filter: filter,
                directory: directory, streams: streams, hold: root.hold,
                tracesPhases: settings.phaseEnded != nil)
            settings.phaseEnded?("spawn")
            return RunningSandbox(
                child, specification: specification, directory: directory, groups: cgroups.directories(of: group),
                watcher: watcher, tellLeftover: settings.tellLeftover, phaseEnded: settings.phaseEnded)
        } catch {
            cgroups.remove(group)
            throw error
        }
    }

    /// Starts an attempt that has no sandbox.
    private func startBare(
        _ specification: SandboxSpecification, at directory: AttemptDirectory
    ) throws(SandboxError) -> RunningSandbox {
        let child = try InitProcess.spawn(
            .fork(forkServer), plan: BareMode.plan(specification, at: directory), filter: nil, directory: directory,
            streams: nil, hold: nil)
        return RunningSandbox(
            child, specification: specification, directory: directory, groups: [], watcher: watcher,
            tellLeftover: settings.tellLeftover)
    }

    /// Whether its attempts have sandboxes.
    package var isolates: Bool { settings.isolates }

    /// Finds out what became of an attempt that an earlier process prepared and perhaps started.
    ///
    /// - Parameter isOfThisBoot: whether that was since the host's start.
    package func recover(_ directory: AttemptDirectory, isOfThisBoot: Bool) async throws(SandboxError) -> Recovery {
        try await run { () throws(SandboxError) in
            try self.recovery(of: directory, isOfThisBoot: isOfThisBoot).recover()
        }
    }

    /// Clears away what an attempt whose starter is gone has outside of its directory, for a caller that has a thread to
    /// block.
    ///
    /// - Returns: false while its pid 1 lives: then nothing was done.
    package func clear(_ directory: AttemptDirectory) -> Bool { recovery(of: directory).clear() }

    private func recovery(of directory: AttemptDirectory, isOfThisBoot: Bool = true) -> AttemptRecovery {
        AttemptRecovery(
            directory: directory, isOfThisBoot: isOfThisBoot, cgroups: cgroups, watcher: watcher,
            tellLeftover: settings.tellLeftover)
    }

    /// Creates the directory that a Processing's Scripts share, owned by its identity.
    ///
    /// - Parameter policies: those of its Scripts; whether one of them limits the disk decides where all of them lie.
    package func makeProcessingDirectory(
        _ path: String, identity: SandboxIdentity, policies: [Policy]
    ) async throws(SandboxError) {
        let isLimited = isLimited(policies)
        try await run { () throws(SandboxError) in
            try self.disk.makeShared(path, identity: identity, isLimited: isLimited)
        }
    }

    private func isLimited(_ policies: [Policy]) -> Bool {
        settings.isolates && policies.contains { !DiskAllowance($0.limits).isUnlimited }
    }

    /// Puts on the disk what Scripts left in the directory that they share, so that it outlives a power cut as the outcome
    /// does that lets the next one start.
    package func makeProcessingDirectoryDurable(_ path: String) async throws(SandboxError) {
        try await run { () throws(SandboxError) in try self.disk.makeSharedDurable(path) }
    }

    /// Removes what a start that was cut short left of the directory that a Processing's Scripts share.
    package static func removeDraft(ofProcessingDirectory path: String) { DiskStorage.removeDraft(of: path) }

    /// Removes what Launchers that were killed left half made in a folder of templates of disks.
    package static func removeDrafts(ofTemplates folder: String) { DiskImageFile.removeDrafts(in: folder) }

    /// Frees what an identity has of the host beside its files, which are gone: its project, where there are quotas.
    ///
    /// - Parameter directory: below which they lay.
    package func release(_ identity: SandboxIdentity, in directory: String) {
        disk.release(identity, at: directory)
    }

    /// The same for all of a range that nobody holds, whatever became of those who held them.
    ///
    /// - Parameter held: the first uids of the blocks that somebody holds.
    package func releaseUnused(_ range: UIDRange, except held: Set<UInt32>, in directory: String) async {
        try? await run { () throws(SandboxError) in
            let end = UInt64(range.first) + UInt64(range.blocks) * UInt64(UIDRange.blockSize)
            self.disk.releaseUnused(
                in: range.first..<UInt32(clamping: end), except: held, at: directory)
        }
    }

    /// Removes a whole directory tree that sandboxes could write to: follows no link, enters no mount.
    ///
    /// - Returns: nil when all is gone. What could not be removed lies in a folder `leftover` beside the tree.
    package func removeTree(_ path: String) async throws(SandboxError) -> Leftover? {
        try await run { () throws(SandboxError) in try Self.removeTreeNow(path) }
    }

    /// `removeTree`, for a caller that has a thread to block.
    ///
    /// - Parameter leftovers: the name of the folder beside the tree to which goes what cannot be removed.
    package static func removeTreeNow(
        _ path: String, leftovers: String = "leftover"
    ) throws(SandboxError) -> Leftover? {
        do throws(SystemError) {
            return try TreeRemoval.remove(path, leftovers: leftovers)
        } catch {
            throw SandboxError("removing \(path): \(error)")
        }
    }

    /// Removes the groups that the engine made for itself, when no sandbox uses them any more.
    package func shutDown() { cgroups.removeAll() }
}
