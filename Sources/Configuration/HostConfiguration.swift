/// The host: `altp.yaml`.
package struct HostConfiguration: Sendable, Hashable, Codable {
    /// Processings, attempts, kept definitions and the database.
    package var state = "/var/lib/altp"
    /// Where the Unix socket is made.
    package var run = "/run/altp"
    package var keepFree: FreeSpace = .bytes(ByteSize(bytes: 1 << 30))
    /// What may be handed out to Scripts; nil for all the host has (memory: nine tenths of it).
    package var cpu: Double?
    package var memory: ByteSize?
    package var disk: ByteSize?
    package var pools: [String: Int] = [:]
    package var uids = UIDRange()
    /// The folders in which mounts' sources lie; nil for everywhere but the places that are never handed in.
    package var mountRoots: [String]?
    /// The cgroup below which all groups are made, relative to each hierarchy's root; nil for `altp` below the Launcher's own.
    package var cgroup: String?
    package var api = APIConfiguration()
    package var log = LogSettings()

    /// How many changes are kept for streams that resume.
    package var keepChanges = 200_000
    /// Who is told when a Processing has ended.
    package var notify: [NotificationTarget] = []

    package init() {}
}

package enum FreeSpace: Sendable, Hashable, Codable {
    case bytes(ByteSize)
    case percent(Double)
}

/// Host uids (and gids) that belong to sandboxes alone; every Processing gets a block of them.
package struct UIDRange: Sendable, Hashable, Codable {
    package var first: UInt32 = 1_879_048_192
    package var blocks: UInt32 = 4032
    /// Uids in one block: an image's `nobody` (65534) fits.
    package static let blockSize: UInt32 = 65_536
    /// Blocks after the default range that `altp run` takes, without a Launcher.
    package static let runBlocks: UInt32 = 64

    package init() {}
    package init(first: UInt32, blocks: UInt32) {
        self.first = first
        self.blocks = blocks
    }
}
