import CLinux
import Glibc
import Linux
import SandboxPlan

/// Descriptors into the host that stay open after its files are out of sight.
struct Surroundings {
    /// The directory of the Script's group in the unified hierarchy.
    var group: Int32 = -1
    /// The `tasks` of its groups in v1 hierarchies.
    var groupTasks: [Int32] = []
    var counters: [CgroupFile: Int32] = [:]
    /// An eventfd that counts the group's out-of-memory kills, on v1.
    var outOfMemory: Int32 = -1
    /// Directories where the Script adds to the disk.
    var disks: [Int32] = []
    /// Where the kernel tells of refusals by quotas, and the project that is ours.
    var quotaEvents: Int32 = -1
    var project: UInt32 = 0
    var events: EventsFile?
    /// nil when the Script is in the host's network, or in one with loopback alone.
    var network: Network?
    /// The group of a session, by which it is ended.
    var session: SessionGroup?
}

/// The mounts of the sandbox, made step by step.
struct Sandbox {
    private(set) var surroundings = Surroundings()
    /// What holds for the root as soon as the Script can see it.
    private var rootFlags: MountFlags = [.readOnly, .noSetUID]
    /// Whom the files belong to that are written here: the sandbox's root.
    private let owner: UInt32
    /// Host directories that a session takes along, and where to.
    private var lent: [(tree: Int32, target: String)] = []
    /// The mounts of the sandbox that is joined.
    private var joinedMounts: Int32 = -1

    /// Applies the plan's steps in their order.
    init(plan: Plan) throws(SetupFailure) {
        owner = plan.firstUID
        // What is mounted from here on is this namespace's alone.
        try setup { () throws(SystemError) in
            try check("mount", "/ as private") { mount(nil, "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil) }
        }
        try applyAll(plan.steps)
    }

    /// Applies the steps of a session, which joins the sandbox whose mount namespace this is.
    init(joining mounts: Int32, plan: Plan) throws(SetupFailure) {
        owner = plan.firstUID
        joinedMounts = mounts
        try applyAll(plan.steps)
    }

    private mutating func applyAll(_ steps: [PlanStep]) throws(SetupFailure) {
        for step in steps {
            do {
                try apply(step)
                PhaseTrace.mark("step \(step.fields[0])")
            } catch {
                throw SetupFailure(
                    step: "\(step.subject): \(error.call)", number: error.number)
            }
        }
    }

    private mutating func apply(_ step: PlanStep) throws(SystemError) {
        switch step {
        case .watch(let file, let path):
            surroundings.counters[file] = try FileDescriptor.open(path, O_RDONLY).take()
        case .join(.v1, let path):
            surroundings.groupTasks.append(try FileDescriptor.open(path, O_WRONLY).take())
        case .join(.v2, let path):
            surroundings.group = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY).take()
        case .watchOutOfMemory(let path): try watchOutOfMemory(path)
        case .mountImage(let image, let directory): try DiskImage.mount(image, on: directory)
        case .mountImageReadOnly(let image, let directory):
            try DiskImage.mount(image, on: directory, readOnly: true)
        case .ownedDirectory(let path, let owner): try makeOwnedDirectory(path, owner)
        case .watchDisk(let path):
            surroundings.disks.append(try FileDescriptor.openWithoutLinks(path, O_RDONLY | O_DIRECTORY).take())
        case .watchQuota(let project):
            surroundings.quotaEvents = altp_quota_events()
            surroundings.project = project
        case .makeNetwork: surroundings.network = try Network()
        case .startNetwork(let arguments):
            try surroundings.network?.start(
                arguments, group: surroundings.group, groupTasks: surroundings.groupTasks)
        case .filterNetwork(let program, let rules): try surroundings.network?.filter(program, rules)
        case .awaitNetwork(let interface, let address, let gateway):
            try surroundings.network?.awaitLink(interface, address, gateway)
        case .makeRoot(let directory): try makeRoot(directory)
        case .makeOverlayRoot(let directory, let layers, let map):
            rootFlags = [.noSetUID, .noDevices]
            try OverlayRoot(directory: directory, layers: layers, map: map).make()
        case .directory(let path, let mode): try MountPoint.makeDirectories(inside(path), mode: mode)
        case .symlink(let path, let target): try check("symlink", path) { symlink(target, inside(path)) }
        case .file(let path, let mode, let content):
            try MountPoint.writeFile(inside(path), content, mode: mode, owner: owner)
        case .device(let path, let major, let minor): try Device.make(inside(path), major: major, minor: minor)
        case .ownedDevice(let path, let kind, let major, let minor, let owner):
            try Device.make(inside(path), kind, major: major, minor: minor, owner: owner)
        case .bind(let source, let target, let flags, let map):
            try Bind(source: source, target: inside(target), flags: flags, map: map).apply()
        case .overlay(let path, let layers):
            try MountPoint.makeDirectories(inside(path), mode: 0o755)
            let overlay = try Overlay(layers)
            try overlay.adoptOwner(path)
            try overlay.mount(on: inside(path), named: path)
        case .lend(let source, let target): try lend(source, target)
        case .endGroup(let path): surroundings.session = try SessionGroup(path)
        case .joinMounts: try joinMounts()
        case .tmpfs(let path, let mode, let size, let inodes):
            try MountPoint.makeDirectories(inside(path), mode: 0o755)
            try check("mount", path) {
                mount(
                    "tmpfs", inside(path), "tmpfs", UInt(MS_NOSUID | MS_NODEV),
                    "mode=\(String(mode, radix: 8)),size=\(size),nr_inodes=\(inodes)")
            }
        case .events(let path, let owner, let limit):
            surroundings.events = try EventsFile(path: inside(path), owner: owner, limit: limit)
        case .deviceFolder(let path):
            try MountPoint.makeDirectories(inside(path), mode: 0o755)
            try check("mount", path) {
                mount("tmpfs", inside(path), "tmpfs", UInt(MS_NOSUID | MS_NOEXEC), "mode=755,size=64k,nr_inodes=64")
            }
        case .devpts(let path):
            try MountPoint.makeDirectories(inside(path), mode: 0o755)
            try check("mount", path) {
                mount(
                    "devpts", inside(path), "devpts", UInt(MS_NOSUID | MS_NOEXEC), "newinstance,ptmxmode=0666,mode=620")
            }
        case .proc(let path):
            try MountPoint.makeDirectories(inside(path), mode: 0o555)
            try check("mount", path) {
                // Processes of others are not seen: /proc/1/net would show the network that pid 1 is in, the host's.
                mount("proc", inside(path), "proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "hidepid=2")
            }
        case .mask(let path): try MountPoint.mask(inside(path))
        case .readOnly(let path): try MountPoint.makeReadOnly(inside(path))
        case .enterRoot: try enterRoot()
        }
    }

    /// The sandbox's root is the working directory until `enterRoot`.
    private func inside(_ path: String) -> String { String(path.drop { $0 == "/" }) }

    private mutating func watchOutOfMemory(_ group: String) throws(SystemError) {
        let control = try FileDescriptor.open("\(group)/memory.oom_control", O_RDONLY)
        let counter = FileDescriptor(
            owning: try check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
        try writeControlFile("\(group)/cgroup.event_control", "\(counter.raw) \(control.raw)")
        surroundings.outOfMemory = counter.take()
    }

    /// It may be there already: an image is used by one attempt after the other.
    private func makeOwnedDirectory(_ path: String, _ owner: UInt32) throws(SystemError) {
        if mkdir(path, 0o755) != 0 && errno != EEXIST { throw SystemError("mkdir", path) }
        let directory = try FileDescriptor.openWithoutLinks(path, O_RDONLY | O_DIRECTORY)
        try check("fchown", path) { fchown(directory.raw, owner, owner) }
    }

    /// Copied while the host's files are in sight, attached when the sandbox's are.
    private mutating func lend(_ source: String, _ target: String) throws(SystemError) {
        let tree = try LinuxCall.cloneTree(AT_FDCWD, source, of: source, recursive: false)
        try check("mount_setattr", source) {
            LinuxCall.setMountAttributes(tree.raw, "", [.readOnly, .noSetUID, .noDevices])
        }
        lent.append((tree.take(), target))
    }

    private mutating func joinMounts() throws(SystemError) {
        try check("setns", "the sandbox's mounts") { LinuxCall.enter(joinedMounts) }
        try check("unshare", "mounts") { LinuxCall.unshareMounts() }
        try check("mount", "/ as private") { mount(nil, "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil) }
        try check("chdir", "/") { chdir("/") }
        for (tree, target) in lent {
            let place = try MountPoint.open(inside(target), directory: true)
            try check("move_mount", target) { LinuxCall.attach(tree, to: place.raw) }
            close(tree)
        }
        lent = []
    }

    private func makeRoot(_ directory: String) throws(SystemError) {
        try check("mount", directory) {
            mount("tmpfs", directory, "tmpfs", UInt(MS_NOSUID), "mode=755,size=4m,nr_inodes=1024")
        }
        try check("chdir", directory) { chdir(directory) }
    }

    private func enterRoot() throws(SystemError) {
        // The old root lands on top of the new one and is unmounted from there: no directory for it is needed.
        try check("pivot_root") { LinuxCall.pivotRoot(".", ".") }
        try check("umount2", "the host's root") { umount2(".", Int32(MNT_DETACH)) }
        try check("chdir", "/") { chdir("/") }
        try check("mount_setattr", "/") { LinuxCall.setMountAttributes(AT_FDCWD, "/", rootFlags) }
    }
}

extension PlanStep {
    /// What a failure of the step names.
    fileprivate var subject: String {
        switch self {
        case .startNetwork, .filterNetwork: fields.prefix(2).joined(separator: " ")
        default: fields.prefix(3).joined(separator: " ")
        }
    }
}
