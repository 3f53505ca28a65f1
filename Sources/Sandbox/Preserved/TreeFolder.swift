import CLinux
import Glibc
package import Linux

/// Why something cannot be shown of a tree that a hostile Script wrote.
package enum TreeFolderError: Error, Sendable, Hashable {
    case notFound
    /// It is something else than what was asked for.
    case isOther(TreeEntry.Kind)
    /// On the way there is a symbolic link, or what belongs to another file system.
    case leadsElsewhere
    case failed(SystemError)

    init(_ error: SystemError) {
        switch error.number {
        case ENOENT, ENOTDIR, ENAMETOOLONG: self = .notFound
        case ELOOP, EXDEV: self = .leadsElsewhere
        default: self = .failed(error)
        }
    }
}

/// One directory of a tree, or one file in it, by the path that a client gives. Everything in the tree, and the path, may be
/// hostile: no path leads out of the tree, no link is followed, and nothing but a regular file is opened for reading.
package enum TreeFolder {
    /// Entries of a directory, in the order of their names' bytes.
    package struct Page: Sendable {
        package var entries: [TreeEntry] = []
        /// The last name of the page, when there are more.
        package var next: [UInt8]?
        /// There are more entries than were looked at; those that are missing are anywhere.
        package var isCut = false
    }

    /// How many names of one directory are looked at.
    static let mostNames = 1_000_000

    /// What is at a path below the tree; the tree itself at an empty one.
    package static func entry(_ path: [UInt8], in tree: Int32) throws(TreeFolderError) -> TreeEntry {
        try Place(path, in: tree).entry
    }

    /// - Parameters:
    ///   - after: begin behind this name.
    ///   - limit: how many entries at most; memory for no more names than that is needed, however many there are.
    package static func list(
        _ path: [UInt8], in tree: Int32, after: [UInt8]?, limit: Int, most: Int = mostNames
    ) throws(TreeFolderError) -> Page {
        let place = try Place(path, in: tree)
        guard place.entry.kind == .directory else { throw .isOther(place.entry.kind) }
        do throws(SystemError) {
            // The place was looked at already: this is a directory, and it is the same one.
            let folder = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY, at: place.descriptor.raw)
            return try page(folder, path, after, limit, most)
        } catch {
            throw TreeFolderError(error)
        }
    }

    /// A regular file, open for reading.
    package static func open(_ path: [UInt8], in tree: Int32) throws(TreeFolderError) -> PreservedFile {
        let place = try Place(path, in: tree)
        guard place.entry.kind == .file else { throw .isOther(place.entry.kind) }
        do throws(SystemError) {
            // By the descriptor: whatever its name stands for meanwhile, this is the file that was looked at.
            let file = try FileDescriptor.open(
                "/proc/self/fd/\(place.descriptor.raw)", O_RDONLY | O_NONBLOCK | altp_o_noatime)
            return PreservedFile(file, place.entry)
        } catch {
            throw TreeFolderError(error)
        }
    }

    /// Something that was found, and is not open for reading.
    private struct Place: ~Copyable {
        let descriptor: FileDescriptor
        let entry: TreeEntry

        init(_ path: [UInt8], in tree: Int32) throws(TreeFolderError) {
            let found = try Self.find(path, in: tree)
            var status = stat()
            guard fstat(found.raw, &status) == 0 else { throw .failed(SystemError("fstat", "something in a tree")) }
            var entry = TreeEntry(path: path, status)
            // In an overlay's upper layer this says that there is nothing.
            guard entry.kind != .whiteout else { throw .notFound }
            if entry.kind == .link { entry.target = target(at: found.raw, "") }
            self.entry = entry
            descriptor = found
        }

        private static func find(_ path: [UInt8], in tree: Int32) throws(TreeFolderError) -> FileDescriptor {
            guard path.count < 4096 else { throw .notFound }
            let name = (path.isEmpty ? Array(".".utf8) : path).map { CChar(bitPattern: $0) } + [0]
            let flags = UInt64(UInt32(bitPattern: altp_o_path | O_NOFOLLOW | O_CLOEXEC))
            do throws(SystemError) {
                return FileDescriptor(
                    owning: try check("openat2", "something in a tree") {
                        altp_openat2(
                            tree, name, flags, 0,
                            altp_resolve_beneath | altp_resolve_no_symlinks | altp_resolve_no_xdev)
                    })
            } catch {
                throw TreeFolderError(error)
            }
        }
    }

    private static func page(
        _ folder: borrowing FileDescriptor, _ path: [UInt8], _ after: [UInt8]?, _ limit: Int, _ most: Int
    ) throws(SystemError) -> Page {
        var page = Page()
        /// The first of those behind `after`, in order: one more than are wanted.
        var first: [[UInt8]] = []
        var seen = 0
        try DirectoryEntries.visit(folder.raw, path: "a directory") { pointer in
            seen += 1
            guard seen <= most else {
                page.isCut = true
                return false
            }
            let count = strlen(pointer)
            pointer.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
                let name = UnsafeBufferPointer(start: bytes, count: count)
                if let after, !after.lexicographicallyPrecedes(name) { return }
                if first.count > limit, let last = first.last, !name.lexicographicallyPrecedes(last) { return }
                first.insert(Array(name), at: position(of: name, in: first))
                if first.count > limit + 1 { first.removeLast() }
            }
            return true
        }
        if first.count > limit {
            first.removeLast()
            page.next = first.last
        }
        for name in first {
            var status = stat()
            let text = name.map { CChar(bitPattern: $0) } + [0]
            // What has vanished meanwhile is passed by.
            guard fstatat(folder.raw, text, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            var entry = TreeEntry(path: path.isEmpty ? name : path + [0x2F] + name, status)
            if entry.kind == .link { entry.target = target(at: folder.raw, text) }
            if entry.kind != .whiteout { page.entries.append(entry) }
        }
        return page
    }

    private static func position(of name: UnsafeBufferPointer<UInt8>, in names: [[UInt8]]) -> Int {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle].lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func target(at directory: Int32, _ name: UnsafePointer<CChar>) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlinkat(directory, name, $0.baseAddress!, $0.count) }
        return count < 0 ? nil : Array(buffer[..<count])
    }
}

/// A regular file of a tree, open for reading, by one thread at a time.
package final class PreservedFile: Sendable {
    package let entry: TreeEntry
    private let file: FileDescriptor

    init(_ file: consuming FileDescriptor, _ entry: TreeEntry) {
        self.file = file
        self.entry = entry
    }

    /// Copies some of its bytes, as much at a time as a reader takes. Blocks its thread.
    package func write(_ range: Range<Int64>, to output: Int32) throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Int(min(Int64(buffer.count), range.upperBound - position))
            let count = try check("pread", "a file") {
                buffer.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress!, wanted, off_t(position)) }
            }
            // Somebody inside of the sandbox has cut it.
            guard count > 0 else { throw SystemError("pread", "a file that has become shorter", number: EIO) }
            var written = 0
            while written < count {
                written += try check("write", "its reader") {
                    buffer.withUnsafeBytes { Glibc.write(output, $0.baseAddress! + written, count - written) }
                }
            }
            position += Int64(count)
        }
    }
}

/// A path as the attempt saw it.
package struct SandboxPath: Sendable, Hashable {
    package var place: PreservedTree.Place
    /// Below the place, without a slash at either end.
    package var below: [UInt8]

    /// Nil when it is not absolute, or has a part `.` or `..`.
    package init?(_ path: [UInt8]) {
        guard path.first == 0x2F, path.count < 4096, !path.contains(0) else { return nil }
        let parts = path.split(separator: 0x2F)
        guard parts.allSatisfy({ $0 != [0x2E] && $0 != [0x2E, 0x2E] }) else { return nil }
        switch parts.first.map({ String(decoding: $0, as: UTF8.self) }) {
        case "scratch": place = .scratch
        case "processing": place = .processing
        default: place = .root
        }
        below = Array((place == .root ? parts[...] : parts.dropFirst()).joined(separator: [0x2F]))
    }
}
