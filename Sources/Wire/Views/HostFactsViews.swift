/// What the host hands out of something: part of `GET /host`.
package struct ResourceView: Sendable, Hashable, Codable {
    /// `cpu`, `memory`, `disk` or `uid_blocks`.
    package var name: String
    /// `millicores`, `bytes` or `blocks`.
    package var unit: String
    package var total: Int64
    package var inUse: Int64
    package var free: Int64

    package init(name: String, unit: String, total: Int64, inUse: Int64, free: Int64) {
        self.name = name
        self.unit = unit
        self.total = total
        self.inUse = inUse
        self.free = free
    }

    enum CodingKeys: String, CodingKey {
        case name, unit, total, free
        case inUse = "in_use"
    }
}

/// A pool: `GET /pools`, `GET /pools/{name}`
package struct PoolView: Sendable, Hashable, Codable {
    package struct Holder: Sendable, Hashable, Codable {
        package var processing: Int64
        package var task: String
        package var script: String
        package var amount: Int

        package init(processing: Int64, task: String, script: String, amount: Int) {
            self.processing = processing
            self.task = task
            self.script = script
            self.amount = amount
        }
    }

    package var name: String
    package var size: Int
    package var inUse: Int
    package var free: Int
    package var holders: [Holder]
    /// How many attempts wait that want some of it.
    package var waiting: Int

    package init(name: String, size: Int, inUse: Int, free: Int, holders: [Holder], waiting: Int) {
        self.name = name
        self.size = size
        self.inUse = inUse
        self.free = free
        self.holders = holders
        self.waiting = waiting
    }

    enum CodingKeys: String, CodingKey {
        case name, size, free, holders, waiting
        case inUse = "in_use"
    }
}

/// A policy: `GET /policies`, `GET /policies/{name}`
package struct PolicyView: Sendable, Hashable, Codable {
    package struct Mount: Sendable, Hashable, Codable {
        package var source: String
        package var target: String
        /// `ro` or `rw`.
        package var mode: String
        package var owner: String?

        package init(source: String, target: String, mode: String, owner: String?) {
            self.source = source
            self.target = target
            self.mode = mode
            self.owner = owner
        }
    }

    package var name: String
    package var description: String?
    package var rootfs: String
    /// By name, in the notation of policy files: `memory: 1G`.
    package var limits: [String: String]
    /// `none`, `host` or `allow`.
    package var network: String
    /// Where it may connect to, with `allow`.
    package var endpoints: [String]?
    /// `default`, `strict`, `none` or the path of a profile.
    package var seccomp: String
    package var capabilities: [String]
    package var devices: [String]
    package var mounts: [Mount]
    /// `none`, `self`, `task` or `host`.
    package var control: String
    /// The Scripts that name it, as `TASK/SCRIPT`.
    package var usedBy: [String]

    package init(
        name: String, description: String?, rootfs: String, limits: [String: String], network: String,
        endpoints: [String]?, seccomp: String, capabilities: [String], devices: [String], mounts: [Mount],
        control: String, usedBy: [String]
    ) {
        self.name = name
        self.description = description
        self.rootfs = rootfs
        self.limits = limits
        self.network = network
        self.endpoints = endpoints
        self.seccomp = seccomp
        self.capabilities = capabilities
        self.devices = devices
        self.mounts = mounts
        self.control = control
        self.usedBy = usedBy
    }

    enum CodingKeys: String, CodingKey {
        case name, description, rootfs, limits, network, endpoints, seccomp, capabilities, devices, mounts, control
        case usedBy = "used_by"
    }
}

/// A rootfs: `GET /rootfs`, `GET /rootfs/{name}`
package struct RootfsView: Sendable, Hashable, Codable {
    /// The image that sandboxes get now.
    package struct Image: Sendable, Hashable, Codable {
        /// Bytes on the disk.
        package var size: Int64
        package var madeAt: Timestamp
        /// Debian's code name, of one that was built.
        package var suite: String?
        /// Its file system on the host.
        package var path: String
        /// How many replaced images running sandboxes still use.
        package var formerVersions: Int

        package init(size: Int64, madeAt: Timestamp, suite: String?, path: String, formerVersions: Int) {
            self.size = size
            self.madeAt = madeAt
            self.suite = suite
            self.path = path
            self.formerVersions = formerVersions
        }

        enum CodingKeys: String, CodingKey {
            case size, suite, path
            case madeAt = "made_at"
            case formerVersions = "former_versions"
        }
    }

    package var name: String
    package var description: String?
    /// `host`, `directory`, `build` or `import`.
    package var kind: String
    /// The directory, the packages or the container image.
    package var source: String
    /// `ready`, `missing` (its image is still to be made), `changed` (since its image was made) or `orphaned` (an image
    /// without a definition).
    package var state: String
    package var image: Image?
    /// Why nothing is known of its image.
    package var obstacle: String?
    /// The Scripts that have it, as `TASK/SCRIPT`.
    package var usedBy: [String]

    package init(
        name: String, description: String?, kind: String, source: String, state: String, image: Image?,
        obstacle: String?, usedBy: [String]
    ) {
        self.name = name
        self.description = description
        self.kind = kind
        self.source = source
        self.state = state
        self.image = image
        self.obstacle = obstacle
        self.usedBy = usedBy
    }

    enum CodingKeys: String, CodingKey {
        case name, description, kind, source, state, image, obstacle
        case usedBy = "used_by"
    }
}

/// What is kept on the disk: `GET /retention`
package struct RetentionView: Sendable, Hashable, Codable {
    /// Of the state folder's file system, in bytes.
    package var total: Int64
    package var free: Int64
    package var keepFree: Int64
    /// What running Scripts may still add.
    package var reserved: Int64
    /// What the directories that are kept hold together, as far as it is known.
    package var bytes: Int64
    /// The directories that there are, in the order of their Processings; `cause` says why they would go now.
    package var kept: [CollectionView.Item]
    /// What would be missing even then.
    package var missing: Int64

    package init(
        total: Int64, free: Int64, keepFree: Int64, reserved: Int64, bytes: Int64, kept: [CollectionView.Item],
        missing: Int64
    ) {
        self.total = total
        self.free = free
        self.keepFree = keepFree
        self.reserved = reserved
        self.bytes = bytes
        self.kept = kept
        self.missing = missing
    }

    enum CodingKeys: String, CodingKey {
        case total, free, reserved, bytes, kept, missing
        case keepFree = "keep_free"
    }
}
