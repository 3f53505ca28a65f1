import CLinux
import Glibc

/// Something in a tree that a sandbox wrote: every byte of it is the sandbox's choice.
package struct TreeEntry: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, Codable {
        case file, directory, link, fifo, socket, device
        /// In an overlay's upper layer, a character device 0:0: what the layer below has of this name is gone.
        case whiteout
    }

    /// Relative to the tree, the names separated by `/`; names need not be text.
    package var path: [UInt8]
    package var kind: Kind
    /// Of a file, in bytes; of a link, its target's length; else 0.
    package var size: Int64
    /// Bytes of the disk that it takes, of whatever kind it is.
    package var allocated: Int64 = 0
    /// Permission bits, with those for set-user-ID, set-group-ID and sticky.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// When its content changed last.
    package var modified: Moment
    /// When anything of it changed last. No program can set this.
    package var changed: Moment
    /// With the file system's, which a tree has one of, the file's identity: hard links share it.
    package var inode: UInt64
    package var links: UInt64
    /// Of a link.
    package var target: [UInt8]?
    /// Of a directory in an overlay's upper layer: what the layer below has in it is gone.
    package var isOpaque = false
    /// Of a file, as hexadecimal digits, where it was asked for.
    package var sha256: String?

    /// A time of a file, since the epoch.
    package struct Moment: Sendable, Hashable, Codable, Comparable {
        package var seconds: Int64
        package var nanoseconds: Int64

        package static func < (left: Moment, right: Moment) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    /// Reads what `TreeRecord` wrote.
    init(
        path: [UInt8], kind: Kind, size: Int64, mode: UInt32, uid: UInt32, modified: Moment, changed: Moment,
        inode: UInt64
    ) {
        self.path = path
        self.kind = kind
        self.size = size
        self.mode = mode
        self.uid = uid
        gid = uid
        self.modified = modified
        self.changed = changed
        self.inode = inode
        links = 1
    }

    init(path: [UInt8], _ status: stat) {
        self.path = path
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .link
        case S_IFIFO: kind = .fifo
        case S_IFSOCK: kind = .socket
        default: kind = status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0 ? .whiteout : .device
        }
        size = kind == .file || kind == .link ? Int64(status.st_size) : 0
        allocated = Int64(status.st_blocks) * 512
        mode = UInt32(status.st_mode) & 0o7777
        uid = status.st_uid
        gid = status.st_gid
        modified = Moment(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
        changed = Moment(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int64(status.st_ctim.tv_nsec))
        inode = UInt64(status.st_ino)
        links = UInt64(status.st_nlink)
    }

    /// As text, where what is none is replaced; to be escaped before it reaches a terminal.
    package var pathText: String { String(decoding: path, as: UTF8.self) }
}
