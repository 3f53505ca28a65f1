package import Configuration

/// What the engine needs to know of the host's configuration.
package struct SandboxSettings: Sendable {
    /// Path of the `altp-init` executable.
    package var initExecutable: String
    /// Path of the static `altp` executable that sandboxes have on their PATH; nil leaves it out.
    package var commandExecutable: String?
    /// A group that was delegated to this process, relative to each hierarchy's root, below which `cgroup` is made; nil for
    /// the starter's own (v1) or the hierarchy's root (v2).
    package var cgroupParent: String?
    /// The group below which those of all sandboxes are; nil for one that makes few of them.
    package var cgroup: String?
    /// At the start; see `SandboxEngine.take(rootfs:)`.
    package var rootfs: [String: RootfsDefinition]
    /// Where images of those lie; nil where there are none.
    package var images: ImageStore?
    /// A folder for compiled seccomp filters, below one that is root's; nil keeps them in memory alone.
    package var filterFolder: String?
    /// A folder for templates of disks, made when it is needed, below one that is root's; nil where disk limits need none.
    package var diskTemplates: String?
    /// An empty directory on which each sandbox mounts its root, in its own namespace; nil for one of each attempt's own.
    package var rootPlace: String?
    /// Told of what an ended sandbox's clean-up could not remove, such as a group; called from any thread.
    package var tellLeftover: @Sendable (Leftover) -> Void
    /// False: attempts are processes of the host, see `BareMode`.
    package var isolates = true
    /// Told, from any thread, when each phase of a sandbox's start and end is over; for measuring. Pid 1 then leaves the
    /// times of its own phases in the attempt's directory, as `phases`.
    package var phaseEnded: (@Sendable (String) -> Void)?

    package init(
        initExecutable: String, commandExecutable: String?, cgroupParent: String? = nil, cgroup: String? = nil,
        rootfs: [String: RootfsDefinition] = [:], images: ImageStore? = nil, filterFolder: String? = nil,
        diskTemplates: String? = nil,
        tellLeftover: @escaping @Sendable (Leftover) -> Void
    ) {
        self.initExecutable = initExecutable
        self.commandExecutable = commandExecutable
        self.cgroupParent = cgroupParent
        self.cgroup = cgroup
        self.rootfs = rootfs
        self.images = images
        self.filterFolder = filterFolder
        self.diskTemplates = diskTemplates
        self.tellLeftover = tellLeftover
    }
}

/// A failure to make or to reach a sandbox: what was tried, on what, what the system said, what to do.
package struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
