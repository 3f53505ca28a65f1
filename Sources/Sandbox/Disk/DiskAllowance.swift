import Configuration
import Glibc

/// What a Script may add to the disk; nil for no limit.
struct DiskAllowance: Sendable, Hashable {
    var bytes: Int64?
    var inodes: Int64?

    init(bytes: Int64?, inodes: Int64?) {
        self.bytes = bytes
        self.inodes = inodes
    }

    init(_ limits: Limits) {
        self.init(bytes: limits.disk?.bytes, inodes: limits.inodes.map(Int64.init))
    }

    var isUnlimited: Bool { bytes == nil && inodes == nil }
}
