import Configuration
import FoundationEssentials
import Glibc
import Linux
import SandboxPlan

extension AttemptExport {
    /// A bundle for OCI runtimes: the plan that pid 1 carried out, in their words.
    func oci() throws(SandboxError) -> Archive {
        var builder = OCIBuilder(plan: plan, specification: specification, hasImage: lower != nil)
        for step in plan.steps { try builder.take(step) }
        if trees[.processing] == nil { builder.mounts.removeAll { $0.source == "processing" } }
        var archive = Archive()
        archive.hold = hold
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        do {
            let configuration = Array(try encoder.encode(try builder.configuration())) + [10]
            archive.files = [ArchiveFile("config.json", .file(configuration))] + builder.files
        } catch {
            throw SandboxError("describing \(specification.reference) for OCI runtimes: \(error)")
        }
        try add(to: &archive, evidence: false)
        if lower != nil {
            try addRootfs(to: &archive)
            archive.shiftsTo = plan.firstUID
        }
        return archive
    }
}

/// Says the steps of a plan in the words of the OCI's runtime-spec.
///
/// What it has no words for is refused, but for what holds no Script in: the times, the disk limits and the log's.
struct OCIBuilder {
    private let plan: Plan
    private let specification: SandboxSpecification
    /// The root's files come from an image; else all of them are made here.
    private let hasImage: Bool
    private(set) var files: [ArchiveFile] = []
    var mounts: [OCIConfiguration.Mount] = []
    private var masked: [String] = []
    private var readOnly: [String] = []
    private var devices: [OCIConfiguration.Device] = []

    init(plan: Plan, specification: SandboxSpecification, hasImage: Bool) {
        self.plan = plan
        self.specification = specification
        self.hasImage = hasImage
        let owner = specification.identity.hostUID
        files.append(ArchiveFile("scratch", .directory, mode: 0o755, owner: owner))
        if specification.scriptsDirectory == nil {
            files.append(ArchiveFile("scripts", .directory, mode: 0o755, owner: owner))
        }
        if !hasImage { files.append(ArchiveFile("rootfs", .directory, mode: 0o755, owner: plan.firstUID)) }
    }

    mutating func take(_ step: PlanStep) throws(SandboxError) {
        switch step {
        case .directory(let path, let mode):
            guard path == "/scripts" else { return addRoot(path, .directory, mode) }
            bind("scripts", path, ["ro", "nosuid", "nodev"])
        case .symlink(let path, let target): if !isInMount(path) { addRoot(path, .link(target), 0o777) }
        case .file(let path, let mode, let content):
            guard hasImage else { return addRoot(path, .file(Array(content.utf8)), mode) }
            // The image's own file of this name follows in the archive.
            let name = "files/\(path.split(separator: "/").joined(separator: "."))"
            files.append(ArchiveFile(name, .file(Array(content.utf8)), mode: mode, owner: plan.firstUID))
            bind(name, path, ["nosuid", "nodev"])
        case .bind(let source, let target, let flags, let map):
            guard map == nil else {
                throw Self.inexpressible("the mount at \(target) has an `owner`, and runtimes before 1.2 map none")
            }
            take(source, target, flags)
        case .tmpfs(let path, let mode, let size, let inodes):
            mounts.append(
                .init(
                    destination: path, type: "tmpfs", source: "tmpfs",
                    options: [
                        "nosuid", "nodev", "mode=\(String(mode, radix: 8))", "size=\(size)", "nr_inodes=\(inodes)",
                    ]))
        case .events(let path, let owner, _):
            files.append(ArchiveFile("events", .file([]), mode: 0o600, owner: owner))
            bind("events", path, ["rw", "nosuid", "nodev"])
        case .devpts(let path):
            mounts.append(
                .init(
                    destination: path, type: "devpts", source: "devpts",
                    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]))
        case .proc(let path):
            mounts.append(
                .init(destination: path, type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"]))
        case .mask(let path): masked.append(path)
        case .readOnly(let path): readOnly.append(path)
        case .ownedDevice(let path, let kind, let major, let minor, _):
            let user = SandboxIdentity.scriptUID
            devices.append(
                .init(path: path, type: kind.rawValue, major: major, minor: minor, uid: user, gid: user))
        case .makeNetwork, .startNetwork, .filterNetwork, .awaitNetwork:
            throw Self.inexpressible("its network is a list of what is allowed, and runtimes know none or all")
        case .overlay, .lend, .joinMounts, .endGroup: throw Self.inexpressible("its plan is that of a session")
        // Groups and disks are the runtime's, its default devices are these, and its roots are made at once.
        case .watch, .join, .watchOutOfMemory, .mountImage, .mountImageReadOnly, .ownedDirectory, .watchDisk,
            .watchQuota,
            .makeRoot, .makeOverlayRoot, .device, .deviceFolder, .enterRoot:
            break
        }
    }

    private mutating func take(_ source: String, _ target: String, _ flags: MountFlags) {
        var options = [flags.contains(.readOnly) ? "ro" : "rw"]
        if flags.contains(.noSetUID) { options.append("nosuid") }
        if flags.contains(.noDevices) { options.append("nodev") }
        if flags.contains(.noExecute) { options.append("noexec") }
        switch target {
        case "/scratch", "/processing", "/scripts": bind(String(target.dropFirst()), target, options)
        // The Launcher's socket and command, without a Launcher.
        case "/run/altp", "/run/altp-bin/altp": break
        default:
            mounts.append(
                .init(
                    destination: target, type: "none", source: source,
                    options: [flags.contains(.recursive) ? "rbind" : "bind"] + options))
        }
    }

    private mutating func bind(_ source: String, _ target: String, _ options: [String]) {
        mounts.append(.init(destination: target, type: "none", source: source, options: ["bind"] + options))
    }

    private mutating func addRoot(_ path: String, _ content: ArchiveFile.Content, _ mode: UInt32) {
        guard !hasImage, path != "/", !isInMount(path) else { return }
        let name = "rootfs\(path)"
        guard !files.contains(where: { $0.name == name }) else { return }
        files.append(ArchiveFile(name, content, mode: mode, owner: plan.firstUID))
    }

    /// The runtime fills it itself.
    private func isInMount(_ path: String) -> Bool {
        hasImage || path == "/dev" || path.hasPrefix("/dev/") || path.hasPrefix("/run/altp")
    }

    private static func inexpressible(_ reason: String) -> SandboxError {
        SandboxError("the OCI's format cannot say all that holds its sandbox: \(reason). Use a bundle without --oci")
    }

    // MARK: What is no step

    func configuration() throws(SandboxError) -> OCIConfiguration {
        let policy = specification.policy
        let limits = policy.limits
        let names = policy.capabilities.map(\.description)
        let dev = OCIConfiguration.Mount(
            destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"])
        var namespaces = ["user", "mount", "pid", "ipc", "uts", "cgroup"]
        if !plan.sharesNetwork { namespaces.append("network") }
        let ids = [
            OCIConfiguration.IDMapping(containerID: 0, hostID: plan.firstUID, size: plan.uidCount)
        ]
        let memory = limits.memory.bytes
        return OCIConfiguration(
            process: .init(
                user: .init(uid: plan.uid, gid: plan.gid), args: plan.arguments, env: plan.environment,
                cwd: plan.workingDirectory,
                capabilities: .init(
                    bounding: names, effective: names, permitted: names, inheritable: names, ambient: names),
                rlimits: plan.resourceLimits.compactMap(Self.limit)),
            root: .init(readonly: !hasImage), hostname: plan.hostName,
            // Parents before what is in them.
            mounts: ([dev] + mounts).sorted { Self.depth($0) < Self.depth($1) },
            linux: .init(
                uidMappings: ids, gidMappings: ids, namespaces: namespaces.map { .init(type: $0) },
                resources: .init(
                    memory: .init(limit: memory, swap: memory + limits.swap.bytes),
                    cpu: .init(quota: Int64(limits.cpu * 100_000), period: 100_000),
                    pids: .init(limit: Int64(limits.pids))),
                seccomp: try seccomp(), maskedPaths: masked, readonlyPaths: readOnly, devices: devices),
            annotations: ["altp.reference": specification.reference, "altp.not-held": notHeld])
    }

    private static func depth(_ mount: OCIConfiguration.Mount) -> Int { mount.destination.count { $0 == "/" } }

    private func seccomp() throws(SandboxError) -> SeccompProfile? {
        guard let source = try ProfileSource(specification.policy.seccomp) else { return nil }
        let capabilities = Set(specification.policy.capabilities.map(\.description))
        return try source.profile().resolved(capabilities: capabilities, kernel: .running)
    }

    /// The limits that no runtime knows.
    private var notHeld: String {
        let limits = specification.policy.limits
        var names = ["wall_time"]
        if limits.cpuTime != nil { names.append("cpu_time") }
        if limits.disk != nil { names.append("disk") }
        if limits.inodes != nil { names.append("inodes") }
        if limits.ioRead != nil || limits.ioWrite != nil || limits.ioReadOps != nil || limits.ioWriteOps != nil {
            names.append("io")
        }
        return names.joined(separator: " ")
    }

    private static func limit(_ limit: SandboxPlan.ResourceLimit) -> OCIConfiguration.ResourceLimit? {
        let names: [Int32: String] = [
            Int32(RLIMIT_AS.rawValue): "AS", Int32(RLIMIT_CPU.rawValue): "CPU", Int32(RLIMIT_DATA.rawValue): "DATA",
            Int32(RLIMIT_FSIZE.rawValue): "FSIZE", Int32(RLIMIT_STACK.rawValue): "STACK",
            Int32(RLIMIT_CORE.rawValue): "CORE", Int32(RLIMIT_NOFILE.rawValue): "NOFILE",
            Int32(__RLIMIT_MEMLOCK.rawValue): "MEMLOCK", Int32(__RLIMIT_NPROC.rawValue): "NPROC",
            Int32(__RLIMIT_NICE.rawValue): "NICE", Int32(__RLIMIT_RTPRIO.rawValue): "RTPRIO",
            Int32(__RLIMIT_MSGQUEUE.rawValue): "MSGQUEUE", Int32(__RLIMIT_SIGPENDING.rawValue): "SIGPENDING",
        ]
        return names[limit.resource].map { .init(type: "RLIMIT_\($0)", soft: limit.soft, hard: limit.hard) }
    }
}
