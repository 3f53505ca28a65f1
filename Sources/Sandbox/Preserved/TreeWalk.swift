import CLinux
import Glibc
package import Linux

/// Goes through a tree whose names, modes, depth and size a hostile Script chose, and which may change meanwhile.
///
/// Every step is relative to an open directory, follows no link and enters no mount. Parents come before what is in them,
/// names in the order of their bytes. One directory is open at a time, so that depth costs no descriptors.
package struct TreeWalk: ~Copyable {
    /// How much is read. Beyond that the walk goes on without what is too much, and says so.
    package struct Bounds: Sendable {
        /// Entries in all.
        package var entries: Int
        /// Bytes of files that are read for their SHA-256; a file that does not fit into the rest has none.
        package var hashedBytes: Int64

        package init(entries: Int, hashedBytes: Int64 = 0) {
            self.entries = entries
            self.hashedBytes = hashedBytes
        }
    }

    /// What was left out.
    package struct Omissions: Sendable, Hashable, Codable {
        /// There are more entries than the bounds allow.
        package var hasMore = false
        /// Directories of which nothing was read, because their paths are longer than the kernel takes, or for another
        /// reason.
        package var unread = 0
        /// Files without a SHA-256, because they are too long, or cannot be read.
        package var unhashed = 0

        package var isNone: Bool { self == Omissions() }
    }

    package private(set) var omissions = Omissions()
    private let top: FileDescriptor
    private var bounds: Bounds
    private var levels: [Level]
    /// That of the last level, when it is open.
    private var directory: FileDescriptor?

    private struct Level {
        /// Relative to the top, with a final `/` unless it is the top itself.
        var prefix: [UInt8]
        /// Without their final NUL, the next one last.
        var names: [[UInt8]]
    }

    /// What openat(2) takes, with the final NUL.
    private static let longestPath = 4096

    init(over directory: Int32, _ bounds: Bounds) throws(SystemError) {
        let opened = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY, at: directory)
        levels = [Level(prefix: [], names: try Self.names(in: opened.raw, bounds))]
        top = opened
        self.bounds = bounds
    }

    /// The next entry; nil at the end. What has vanished meanwhile is passed by.
    package mutating func next() -> TreeEntry? {
        while let level = levels.indices.last {
            guard let name = levels[level].names.popLast() else {
                levels.removeLast()
                directory = nil
                continue
            }
            guard bounds.entries > 0 else {
                omissions.hasMore = true
                levels = []
                return nil
            }
            guard let parent = openDirectory() else { continue }
            var status = stat()
            guard fstatat(parent, Self.terminated(name), &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            bounds.entries -= 1
            var entry = TreeEntry(path: levels[level].prefix + name, status)
            switch entry.kind {
            case .link: entry.target = Self.target(of: name, in: parent)
            case .file where bounds.hashedBytes > 0: entry.sha256 = hash(of: name, in: parent, size: entry.size)
            case .directory:
                entry.isOpaque = Self.isOpaque(name, in: parent)
                do throws(SystemError) {
                    try enter(entry.path)
                } catch {
                    omissions.unread += 1
                }
            default: break
            }
            return entry
        }
        return nil
    }

    /// Opens what an entry is about, if it is still a regular file.
    package func open(_ entry: TreeEntry) throws(SystemError) -> FileDescriptor {
        try Self.openFile(entry.path, in: top.raw)
    }

    // MARK: Directories

    private mutating func enter(_ path: [UInt8]) throws(SystemError) {
        let prefix = path + [0x2F]
        let opened = try Self.openDirectory(prefix, in: top.raw)
        levels.append(Level(prefix: prefix, names: try Self.names(in: opened.raw, bounds)))
        directory = consume opened
    }

    private static func names(in directory: Int32, _ bounds: Bounds) throws(SystemError) -> [[UInt8]] {
        // One more than there may be: then it is known that there are more.
        let names = try DirectoryEntries.read(directory, path: "a directory", most: bounds.entries + 1)
        return names.map { name in name.dropLast().map { UInt8(bitPattern: $0) } }
            .sorted { $1.lexicographicallyPrecedes($0) }
    }

    /// The last level's, opened anew after what was below it.
    private mutating func openDirectory() -> Int32? {
        if let raw = directory?.raw { return raw }
        guard let level = levels.last, let opened = try? Self.openDirectory(level.prefix, in: top.raw) else {
            // It vanished, and with it what was in it.
            levels.removeLast()
            return nil
        }
        let raw = opened.raw
        directory = consume opened
        return raw
    }

    private static func openDirectory(_ prefix: [UInt8], in top: Int32) throws(SystemError) -> FileDescriptor {
        try open(prefix.isEmpty ? [0x2E] : prefix, O_RDONLY | O_DIRECTORY, in: top)
    }

    /// O_NONBLOCK, should it be a FIFO now. O_NOATIME: reading is to leave no trace.
    private static func openFile(_ path: [UInt8], in directory: Int32) throws(SystemError) -> FileDescriptor {
        let file = try open(path, O_RDONLY | O_NONBLOCK | altp_o_noatime, in: directory)
        var status = stat()
        try check("fstat", "a file") { fstat(file.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("open", "a file", number: ESTALE) }
        return file
    }

    private static func open(_ path: [UInt8], _ flags: Int32, in directory: Int32) throws(SystemError) -> FileDescriptor
    {
        guard path.count < longestPath else { throw SystemError("open", "a long path", number: ENAMETOOLONG) }
        let all = UInt64(UInt32(bitPattern: flags | O_CLOEXEC | O_NOCTTY))
        return FileDescriptor(
            owning: try check("open", "something in a tree") {
                altp_openat2(
                    directory, terminated(path), all, 0, altp_resolve_no_symlinks | altp_resolve_no_xdev)
            })
    }

    private static func terminated(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

    // MARK: What an entry is more than its status

    private static func target(of name: [UInt8], in directory: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: longestPath)
        let count = buffer.withUnsafeMutableBytes {
            readlinkat(directory, terminated(name), $0.baseAddress!, $0.count)
        }
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// See the kernel's Documentation/filesystems/overlayfs.rst.
    private static func isOpaque(_ name: [UInt8], in directory: Int32) -> Bool {
        guard let opened = try? open(name, O_RDONLY | O_DIRECTORY, in: directory) else { return false }
        var value: UInt8 = 0
        return fgetxattr(opened.raw, "trusted.overlay.opaque", &value, 1) == 1 && value == UInt8(ascii: "y")
    }

    private mutating func hash(of name: [UInt8], in directory: Int32, size: Int64) -> String? {
        guard size <= bounds.hashedBytes, let file = try? Self.openFile(name, in: directory) else {
            omissions.unhashed += 1
            return nil
        }
        var digest = SHA256()
        var rest = size
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while rest > 0 {
            let wanted = Int(min(rest, Int64(buffer.count)))
            let count = buffer.withUnsafeMutableBytes { read(file.raw, $0.baseAddress!, wanted) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                omissions.unhashed += 1
                return nil
            }
            digest.add(buffer[..<count])
            rest -= Int64(count)
            bounds.hashedBytes -= Int64(count)
        }
        return digest.finish()
    }
}
