import Glibc
import Linux

/// Removes directory trees whose names and depth a hostile Script chose.
///
/// Every step is relative to an open directory and follows no link; a directory on another file system is left alone
/// and fails the removal.
enum TreeRemoval {
    /// Removes the tree; nothing when there is none.
    static func remove(_ path: String) throws(SystemError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last.map(String.init), !name.isEmpty else {
            throw SystemError("remove", path, number: EINVAL)
        }
        let parent = try FileDescriptor.open(
            parts.dropLast().joined(separator: "/") + "/", O_RDONLY | O_DIRECTORY)
        var status = stat()
        guard fstatat(parent.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("fstatat", path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            try check("unlink", path) { unlinkat(parent.raw, name, 0) }
            return
        }
        try empty(name, in: parent.raw, device: status.st_dev, path: path)
        try check("rmdir", path) { unlinkat(parent.raw, name, AT_REMOVEDIR) }
    }

    /// Empties a directory without recursion: a directory inside is first moved up to the top, so that neither the stack
    /// nor the number of open descriptors grows with the depth.
    private static func empty(_ name: String, in parent: Int32, device: dev_t, path: String) throws(SystemError) {
        let top = try FileDescriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: parent)
        var moved = 0
        while true {
            var emptied = true
            for entry in try DirectoryEntries.read(top.raw, path: path) {
                emptied = false
                if unlinkat(top.raw, entry, 0) == 0 { continue }
                let refused = errno
                if unlinkat(top.raw, entry, AT_REMOVEDIR) == 0 { continue }
                guard errno != ENOTDIR else { throw SystemError("unlink", "a file in \(path)", number: refused) }
                guard errno == ENOTEMPTY || errno == EEXIST else { throw SystemError("rmdir", path) }
                try flatten(entry, into: top.raw, device: device, counter: &moved, path: path)
            }
            if emptied { return }
        }
    }

    /// Removes a directory's files and moves its directories up into `top`.
    private static func flatten(
        _ entry: DirectoryEntries.Name, into top: Int32, device: dev_t, counter: inout Int, path: String
    ) throws(SystemError) {
        let raw = openat(top, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError("open", path) }
        let directory = FileDescriptor(owning: raw)
        var status = stat()
        try check("fstat", path) { fstat(directory.raw, &status) }
        guard status.st_dev == device else { throw SystemError("remove", "a mount below \(path)", number: EXDEV) }
        for child in try DirectoryEntries.read(directory.raw, path: path) {
            if unlinkat(directory.raw, child, 0) == 0 || unlinkat(directory.raw, child, AT_REMOVEDIR) == 0 { continue }
            repeat { counter += 1 } while faccessat(top, ".altp-removed-\(counter)", F_OK, AT_SYMLINK_NOFOLLOW) == 0
            try check("rename", path) { renameat(directory.raw, child, top, ".altp-removed-\(counter)") }
        }
        try check("rmdir", path) { unlinkat(top, entry, AT_REMOVEDIR) }
    }
}

/// The names in a directory, as the bytes that they are.
enum DirectoryEntries {
    typealias Name = [CChar]

    /// At most some ten thousand at a time, so that memory is bounded; without `.` and `..`.
    static func read(_ directory: Int32, path: String) throws(SystemError) -> [Name] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw SystemError("opendir", path) }
        defer { closedir(stream) }
        var names: [Name] = []
        while names.count < 10_000, let item = readdir(stream) {
            let name: Name = withUnsafePointer(to: &item.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name != [46, 0] && name != [46, 46, 0] { names.append(name) }
        }
        return names
    }
}
