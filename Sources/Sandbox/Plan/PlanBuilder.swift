import Configuration
import Glibc
import Linux
import SandboxPlan

/// Turns a specification into the plan that pid 1 carries out.
struct PlanBuilder {
    var specification: SandboxSpecification
    var attempt: AttemptDirectory
    var root: Root
    /// Where it is mounted.
    var rootPlace: String
    /// Path of the static `altp` executable for the sandbox; nil leaves it out.
    var commandExecutable: String?
    var cgroupSteps: [PlanStep]
    var diskSteps: [PlanStep]
    /// A policy's network list, and by what it is held; nil when it has none.
    var network: (AllowedNetwork, NetworkTools)?
    var filter: CompiledFilter?
    var streams: StandardStreams

    init(
        specification: SandboxSpecification, attempt: AttemptDirectory, root: Root, rootPlace: String,
        commandExecutable: String?,
        cgroupSteps: [PlanStep], diskSteps: [PlanStep],
        network: (AllowedNetwork, NetworkTools)?, filter: CompiledFilter?, streams: StandardStreams
    ) {
        self.specification = specification
        self.attempt = attempt
        self.root = root
        self.rootPlace = rootPlace
        self.commandExecutable = commandExecutable
        self.cgroupSteps = cgroupSteps
        self.diskSteps = diskSteps
        self.network = network
        self.filter = filter
        self.streams = streams
    }

    private static let commandDirectory = "/run/altp-bin"

    func plan() throws(SandboxError) -> Plan {
        let limits = specification.policy.limits
        var plan = Plan()
        plan.steps = try steps()
        plan.hostName = hostName
        plan.sharesNetwork = specification.policy.network != .none
        plan.firstUID = specification.identity.firstUID
        plan.uidCount = UIDRange.blockSize
        plan.uid = SandboxIdentity.scriptUID
        plan.gid = SandboxIdentity.scriptUID
        plan.capabilities = specification.policy.capabilities.reduce(0) { $0 | 1 << UInt64($1.number) }
        plan.workingDirectory = specification.workingDirectory
        plan.arguments = specification.command
        plan.environment = environment()
        plan.resourceLimits = ResourceLimit.all(openFiles: limits.openFiles)
        plan.standardStreams = streams
        if case .log = streams { plan.endsWithStarter = false } else { plan.endsWithStarter = true }
        plan.wallMilliseconds = limits.wallTime.milliseconds
        plan.graceMilliseconds = limits.grace.milliseconds
        plan.cpuMilliseconds = limits.cpuTime?.milliseconds ?? 0
        plan.cpuMillicores = Int64(limits.cpu * 1000)
        plan.diskBytes = limits.disk?.bytes ?? 0
        plan.diskInodes = limits.inodes.map(Int64.init) ?? 0
        if let filter { plan.filter = filter.plan }
        return plan
    }

    /// The reference as a host name: `42-calibrate-1`, at most the 64 characters of sethostname(2).
    private var hostName: String {
        let name = specification.reference.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(String(name).prefix(63))
    }

    private func environment() -> [String] {
        var variables = specification.environment
        if commandExecutable != nil {
            variables["PATH"] = "\(variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"):\(Self.commandDirectory)"
        }
        return variables.map { "\($0.key)=\($0.value)" }.sorted()
    }

    private func steps() throws(SandboxError) -> [PlanStep] {
        let policy = specification.policy
        let memory = UInt64(policy.limits.memory.bytes)
        // Counted as the Script's memory; the sizes only make a full /tmp say so instead of ending the Script.
        let inodes = max(1024, memory / 16_384)
        var steps = cgroupSteps + diskSteps
        if let network { steps += SandboxLink.steps(network.0, tools: network.1) }
        let rootSteps = root.steps(of: specification, of: attempt, at: rootPlace, hostName: hostName)
        steps += network?.0.pinned(rootSteps) ?? rootSteps
        steps += Self.devices
        for device in policy.devices ?? [] { steps.append(try ownedDevice(device)) }
        steps += [
            .devpts(path: "/dev/pts"),
            .tmpfs(path: "/dev/shm", mode: 0o1777, size: memory, inodes: inodes),
            .tmpfs(path: "/tmp", mode: 0o1777, size: memory, inodes: inodes),
            .proc(path: "/proc"),
        ]
        if !root.isWritable { steps.append(.symlink(path: "/var/tmp", target: "../tmp")) }
        steps += Self.hiddenProcPaths.map { .mask(path: $0) }
        steps += Self.readOnlyProcPaths.map { .readOnly(path: $0) }
        steps += directories()
        for mount in policy.mounts { steps.append(try bind(mount)) }
        if network != nil { steps.append(SandboxLink.lastStep) }
        steps.append(.enterRoot)
        return steps
    }

    private static let devices: [PlanStep] = [
        .directory(path: "/dev", mode: 0o755),
        .device(path: "/dev/null", major: 1, minor: 3), .device(path: "/dev/zero", major: 1, minor: 5),
        .device(path: "/dev/full", major: 1, minor: 7), .device(path: "/dev/random", major: 1, minor: 8),
        .device(path: "/dev/urandom", major: 1, minor: 9), .device(path: "/dev/tty", major: 5, minor: 0),
        .symlink(path: "/dev/ptmx", target: "pts/ptmx"), .symlink(path: "/dev/fd", target: "/proc/self/fd"),
        .symlink(path: "/dev/stdin", target: "/proc/self/fd/0"),
        .symlink(path: "/dev/stdout", target: "/proc/self/fd/1"),
        .symlink(path: "/dev/stderr", target: "/proc/self/fd/2"),
    ]

    /// What tells about the host, its hardware or its keys, or acts on the host.
    private static let hiddenProcPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/kmsg",
        "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/sysrq-trigger", "/proc/timer_list", "/proc/vmcore",
    ]
    private static let readOnlyProcPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"]

    private func directories() -> [PlanStep] {
        let writable: MountFlags = [.noSetUID, .noDevices, .followLinks]
        let fixed: MountFlags = [.readOnly, .noSetUID, .noDevices, .followLinks]
        var steps: [PlanStep] = [
            .directory(path: "/run", mode: 0o755),
            // For those who enter: nobody can make these afterwards without changing what all of the sandbox see.
            .directory(path: SessionPlan.directory, mode: 0o755), .directory(path: SessionPlan.tools, mode: 0o755),
            .bind(
                source: attempt.scratch(specification.storage), target: "/scratch", flags: writable, map: nil),
        ]
        if let limit = specification.eventsLimit {
            steps.append(
                .events(path: "/run/altp-events", owner: specification.identity.hostUID, limit: UInt64(limit)))
        }
        if let processing = specification.processingDirectory {
            let source = specification.storage == .images ? ImageFolder(path: processing).files : processing
            steps.append(.bind(source: source, target: "/processing", flags: writable, map: nil))
        }
        if let scripts = specification.scriptsDirectory {
            steps.append(.bind(source: scripts, target: "/scripts", flags: fixed, map: nil))
        } else {
            steps.append(.directory(path: "/scripts", mode: 0o755))
        }
        if let socket = specification.socketDirectory {
            // The directory, not the socket: a restarted Launcher's new socket is then seen here too.
            steps.append(.bind(source: socket, target: "/run/altp", flags: fixed, map: nil))
            steps.append(.symlink(path: "/run/altp.sock", target: "altp/altp.sock"))
        }
        if let commandExecutable {
            steps.append(
                .bind(source: commandExecutable, target: "\(Self.commandDirectory)/altp", flags: fixed, map: nil))
        }
        return steps
    }

    /// A node of the sandbox's own: it can be the Script's, and the host's own node, whose file system has no idmapped
    /// mounts, keeps its owner. No other node works inside: whatever else can be reached is `nodev`, or read-only.
    private func ownedDevice(_ path: String) throws(SandboxError) -> PlanStep {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw SandboxError(
                "handing in the device \(path): \(SystemError("lstat", path)). Load its driver, or take it from the policy"
            )
        }
        let kind: DeviceKind
        switch status.st_mode & S_IFMT {
        case S_IFCHR: kind = .character
        case S_IFBLK: kind = .block
        default: throw SandboxError("handing in the device \(path): it is no character or block device any more")
        }
        let number = DeviceNumber(UInt64(status.st_rdev))
        return .ownedDevice(
            path: path, kind: kind, major: number.major, minor: number.minor, owner: specification.identity.hostUID)
    }

    private func bind(_ mount: Mount) throws(SandboxError) -> PlanStep {
        var flags: MountFlags = [.noSetUID, .noDevices, .recursive]
        if mount.mode == .ro { flags.insert(.readOnly) }
        guard let owner = mount.owner else {
            return .bind(source: mount.source, target: mount.target, flags: flags, map: nil)
        }
        return .bind(
            source: mount.source, target: mount.target, flags: flags,
            map: try ownerMap(try HostAccount.named(owner), owner, mount))
    }

    /// The Script's files are the owner's on the disk.
    private func ownerMap(
        _ account: HostAccount, _ owner: String, _ mount: Mount
    ) throws(SandboxError) -> IdentityMap {
        var status = stat()
        guard lstat(mount.source, &status) == 0 else {
            throw SandboxError("mounting at \(mount.target): \(SystemError("lstat", mount.source))")
        }
        if mount.mode == .rw, status.st_uid != account.uid {
            throw SandboxError(
                "mounting \(mount.source) at \(mount.target) for writing: it belongs to uid \(status.st_uid), and with "
                    + "`owner: \(owner)` a Script can write only what belongs to \(owner). Use chown \(owner) \(mount.source)"
            )
        }
        let seen = specification.identity.hostUID
        var map = IdentityMap(
            uids: [.init(onDisk: account.uid, seen: seen)], gids: [.init(onDisk: account.gid, seen: seen)])
        // A directory whose group is not mapped cannot be written to, whoever owns it.
        if status.st_gid != account.gid {
            let nogroup = specification.identity.firstUID + 65_534
            map.gids.append(.init(onDisk: status.st_gid, seen: nogroup))
        }
        return map
    }
}
