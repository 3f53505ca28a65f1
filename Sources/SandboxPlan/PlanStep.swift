/// One thing that pid 1 does to make a sandbox. A plan is a list of these, applied in the order given.
///
/// Host paths are seen from the host until `enterRoot`, paths in the sandbox start at its root.
package enum PlanStep: Equatable, Sendable {
    /// Opens a control file of the Script's group for reading after the host's files are out of sight.
    case watch(CgroupFile, path: String)
    /// A group (v1: its `tasks`; v2: its directory) that the Script's first process joins.
    case join(CgroupVersion, path: String)
    /// On v1: reports each out-of-memory kill of the group whose directory this is.
    case watchOutOfMemory(path: String)
    /// Mounts an ext4 image (a host file) on a host directory, out of the host's sight.
    case mountImage(image: String, directory: String)
    /// The same, so that nothing of the image changes.
    case mountImageReadOnly(image: String, directory: String)
    /// A host directory that belongs to this host uid and gid.
    case ownedDirectory(path: String, owner: UInt32)
    /// Watches what is free where a host directory lies, which is what the Script may still add.
    case watchDisk(path: String)
    /// Listens for what the kernel refuses a project of quotas; where it tells nobody, `watchDisk` has to see it.
    case watchQuota(project: UInt32)
    /// Leaves the host's network for a new one, which belongs to the host's user namespace: nothing in the sandbox has a
    /// capability over it. The Script shares it.
    case makeNetwork
    /// Starts the program that links the new network to the host's, in the host's; it does not wait for it.
    case startNetwork(arguments: [String])
    /// Loads an nftables ruleset into the new network.
    case filterNetwork(program: String, rules: String)
    /// Waits until the link is up, and gives its interface an IPv6 address and a gateway, where the kernel has IPv6.
    case awaitNetwork(interface: String, address: String, gateway: String)
    /// Mounts a tmpfs on this host directory; it becomes the sandbox's root.
    case makeRoot(directory: String)
    /// Mounts an overlay on this host directory; it becomes the sandbox's root. All that is written goes into `upper`, never
    /// into `lower`, whose ids are mapped.
    case makeOverlayRoot(directory: String, layers: OverlayLayers, map: IdentityMap)
    /// A directory in the sandbox, its parents too.
    case directory(path: String, mode: UInt32)
    case symlink(path: String, target: String)
    /// Takes the place of what is there already; it belongs to the sandbox's root.
    case file(path: String, mode: UInt32, content: String)
    /// A character device.
    case device(path: String, major: UInt32, minor: UInt32)
    /// A node for a device that the policy hands in, which belongs to this host uid and is open to nobody else.
    case ownedDevice(path: String, kind: DeviceKind, major: UInt32, minor: UInt32, owner: UInt32)
    /// Binds a host file or directory. With `followLinks: false` a source with a symbolic link anywhere in it is refused.
    case bind(source: String, target: String, flags: MountFlags, map: IdentityMap?)
    /// Mounts an overlay of host directories at a path of the sandbox: what is written goes into `upper`, and `lower` stays
    /// as it is.
    case overlay(path: String, layers: OverlayLayers)
    case tmpfs(path: String, mode: UInt32, size: UInt64, inodes: UInt64)
    /// A file that belongs to this host uid and holds at most so many bytes. At the end its content is copied into the
    /// attempt's directory, as `events.jsonl`.
    case events(path: String, owner: UInt32, limit: UInt64)
    /// A small tmpfs in which devices can be used, unlike in other mounts.
    case deviceFolder(path: String)
    case devpts(path: String)
    case proc(path: String)
    /// Hides a file or directory of the sandbox, when it exists there.
    case mask(path: String)
    /// Makes what is at this path of the sandbox read-only, when it exists there.
    case readOnly(path: String)
    /// Takes a host directory along to the sandbox that is joined, read-only, for this session alone.
    case lend(source: String, target: String)
    /// The directory of the group that a session's processes are in, by which they are all ended.
    case endGroup(path: String)
    /// Leaves the host's mounts for a copy of those of the sandbox that is joined. What is mounted from here on, the
    /// sandbox does not see.
    case joinMounts
    /// Leaves the host's root behind; the sandbox's becomes read-only, unless it is an overlay.
    case enterRoot
}

/// Host directories that an overlay is made of.
package struct OverlayLayers: Equatable, Sendable {
    /// Never changed.
    package var lower: String
    /// Takes what is written.
    package var upper: String
    /// The overlay's own, empty and on the same file system as `upper`.
    package var work: String
    /// Lies on `lower` and is never changed either: the `upper` of an overlay that was.
    package var middle: String?

    package init(lower: String, upper: String, work: String, middle: String? = nil) {
        self.lower = lower
        self.upper = upper
        self.work = work
        self.middle = middle
    }
}

package enum DeviceKind: String, Sendable {
    case character = "c"
    case block = "b"
}

package enum CgroupVersion: String, Sendable {
    case v1
    case v2
}

/// What pid 1 reads of the Script's group.
package enum CgroupFile: String, Sendable, CaseIterable {
    case cpuUsageNanoseconds = "cpuacct.usage"
    case cpuStat = "cpu.stat"
    case memoryPeakV1 = "memory.max_usage_in_bytes"
    case memoryPeak = "memory.peak"
    case memoryOOMControl = "memory.oom_control"
    case memoryEvents = "memory.events"
    case pidsEvents = "pids.events"
    case pidsPeak = "pids.peak"
}

package struct MountFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readOnly = MountFlags(rawValue: 1)
    package static let noSetUID = MountFlags(rawValue: 2)
    package static let noDevices = MountFlags(rawValue: 4)
    package static let noExecute = MountFlags(rawValue: 8)
    /// With what is mounted below it; the other flags hold for that too.
    package static let recursive = MountFlags(rawValue: 16)
    /// The source may be or contain symbolic links: for paths that only the host's root can change.
    package static let followLinks = MountFlags(rawValue: 32)

    static let names: [(MountFlags, String)] = [
        (.readOnly, "ro"), (.noSetUID, "nosuid"), (.noDevices, "nodev"), (.noExecute, "noexec"), (.recursive, "rec"),
        (.followLinks, "follow"),
    ]
}

/// An idmapped mount: each id on the file system appears as another one (both in the host's numbers), and the other way
/// round. What has an id that is not here can be read as its mode says and not be changed.
package struct IdentityMap: Equatable, Sendable {
    /// So many ids from one on, which appear as those from another one on.
    package struct Range: Equatable, Sendable {
        package var onDisk: UInt32
        package var seen: UInt32
        package var count: UInt32

        package init(onDisk: UInt32, seen: UInt32, count: UInt32 = 1) {
            self.onDisk = onDisk
            self.seen = seen
            self.count = count
        }
    }

    package var uids: [Range]
    package var gids: [Range]

    package init(uids: [Range], gids: [Range]) {
        self.uids = uids
        self.gids = gids
    }
}
