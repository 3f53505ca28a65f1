/// Limits and permissions that a Task or a Script names: `policies/NAME.yaml`.
package struct Policy: Sendable, Hashable, Codable {
    package var name: String
    package var description: String?
    /// `host`, or the name of a rootfs definition.
    package var rootfs: String
    package var limits: Limits
    package var network: NetworkAccess
    package var seccomp: SeccompChoice
    /// Given in the Script's own user namespace; none by default.
    package var capabilities: [Capability]
    /// Paths of the host's device nodes, which the sandbox has at the same places; nil for none.
    package var devices: [String]?
    package var mounts: [Mount]
    /// What the Script may steer through its socket.
    package var control: Control

    package init(
        name: String, description: String? = nil, rootfs: String = "host", limits: Limits = Limits(),
        network: NetworkAccess = .none, seccomp: SeccompChoice = .default, capabilities: [Capability] = [],
        devices: [String]? = nil, mounts: [Mount] = [], control: Control = .`self`
    ) {
        self.name = name
        self.description = description
        self.rootfs = rootfs
        self.limits = limits
        self.network = network
        self.seccomp = seccomp
        self.capabilities = capabilities
        self.devices = devices
        self.mounts = mounts
        self.control = control
    }
}

/// The limits of one Script. Every one is enforced; the defaults are those of a policy that names none.
package struct Limits: Sendable, Hashable, Codable {
    /// Cores: the cgroup's ceiling, and what admission reserves.
    package var cpu: Double = 1
    /// Processor time of all the Script's processes together; nil for no limit.
    package var cpuTime: Timespan?
    package var memory = ByteSize(bytes: 1 << 30)
    package var swap = ByteSize(bytes: 0)
    package var pids = 64
    /// Bytes that the Script may add; nil for no limit.
    package var disk: ByteSize?
    package var inodes: Int?
    package var openFiles = 1024
    /// Bytes and operations a second on the disk that the sandbox's directories lie on; nil for no limit.
    package var ioRead: ByteSize?
    package var ioWrite: ByteSize?
    package var ioReadOps: Int?
    package var ioWriteOps: Int?
    package var log = ByteSize(bytes: 16 << 20)
    package var wallTime = Timespan(seconds: 3600)
    /// Up to which a running Script may have its `wallTime` extended; nil when it may not.
    package var wallTimeMax: Timespan?
    /// Between the polite SIGTERM and SIGKILL.
    package var grace = Timespan(seconds: 10)

    package init() {}

    /// What must be had of the disk before the Script starts: what it may add, and its log. Without a limit it is promised
    /// nothing more, and starts only while the disk has room at all.
    package var diskWanted: ByteSize { ByteSize(bytes: (disk?.bytes ?? 0) + log.bytes) }
}

/// The limits that a Script sets over its policy's; nil leaves the policy's.
package struct LimitOverrides: Sendable, Hashable, Codable {
    package var cpu: Double?
    package var cpuTime: Timespan?
    package var memory: ByteSize?
    package var swap: ByteSize?
    package var pids: Int?
    package var disk: ByteSize?
    package var inodes: Int?
    package var openFiles: Int?
    package var ioRead: ByteSize?
    package var ioWrite: ByteSize?
    package var ioReadOps: Int?
    package var ioWriteOps: Int?
    package var log: ByteSize?
    package var wallTime: Timespan?
    package var wallTimeMax: Timespan?
    package var grace: Timespan?

    package init() {}

    package func applied(to limits: Limits) -> Limits {
        var result = limits
        result.cpu = cpu ?? limits.cpu
        result.cpuTime = cpuTime ?? limits.cpuTime
        result.memory = memory ?? limits.memory
        result.swap = swap ?? limits.swap
        result.pids = pids ?? limits.pids
        result.disk = disk ?? limits.disk
        result.inodes = inodes ?? limits.inodes
        result.openFiles = openFiles ?? limits.openFiles
        result.ioRead = ioRead ?? limits.ioRead
        result.ioWrite = ioWrite ?? limits.ioWrite
        result.ioReadOps = ioReadOps ?? limits.ioReadOps
        result.ioWriteOps = ioWriteOps ?? limits.ioWriteOps
        result.log = log ?? limits.log
        result.wallTime = wallTime ?? limits.wallTime
        result.wallTimeMax = wallTimeMax ?? limits.wallTimeMax
        result.grace = grace ?? limits.grace
        return result
    }
}

package enum NetworkAccess: Sendable, Hashable, Codable {
    /// A network namespace with loopback alone.
    case none
    /// The host's own network.
    case host
    /// Nothing but these.
    case allow([NetworkEndpoint])
}

package enum SeccompChoice: Sendable, Hashable, Codable {
    case `default`
    case strict
    case none
    /// The absolute path of a profile in the OCI format.
    case file(String)
}

/// What a Script may steer through its socket; each level includes the one before.
package enum Control: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case none
    case `self`
    case task
    case host

    package static func < (left: Control, right: Control) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// A host directory or file bound into the sandbox.
package struct Mount: Sendable, Hashable, Codable {
    package enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
        case ro
        case rw
    }

    package var source: String
    package var target: String
    package var mode: Mode
    /// A host user whose files these are: what the Script writes appears on the host as owned by that user.
    package var owner: String?

    package init(source: String, target: String, mode: Mode = .ro, owner: String? = nil) {
        self.source = source
        self.target = target
        self.mode = mode
        self.owner = owner
    }
}
