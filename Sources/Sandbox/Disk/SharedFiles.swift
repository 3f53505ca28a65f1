import CLinux
import Glibc
import Linux

extension DiskStorage {
    /// Puts on the disk what Scripts left in the directory that they share, when none of them runs.
    func makeSharedDurable(_ path: String) throws(SandboxError) {
        do throws(SystemError) {
            let folder = ImageFolder(path: path)
            if folder.isThere {
                // All of it is in the image, which is not mounted any more.
                try syncFile(folder.image)
            } else {
                try SharedFiles.sync(path)
            }
        } catch  where error.number == ENOENT {
            // No Script has made it so far.
        } catch {
            throw SandboxError("writing /processing to the disk: \(error)")
        }
    }
}

/// Puts a file's content on the disk, and with it its name.
func syncFile(_ path: String) throws(SystemError) {
    let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
    try check("fsync", path) { fsync(file.raw) }
}

/// The files of a directory tree that Scripts made: hostile names, depth and number.
private enum SharedFiles {
    /// So many are written back one by one. When there are more, the whole file system is, with what others wrote to it.
    private static let most = 64

    static func sync(_ path: String) throws(SystemError) {
        let top = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var rest = most
        if try sync(top, path: path, rest: &rest) { return }
        try check("syncfs", path) { altp_syncfs(top.raw) }
    }

    /// - Parameter rest: how many files may still be taken, and so how deep it may go.
    /// - Returns: false when they were too many.
    private static func sync(
        _ directory: borrowing FileDescriptor, path: String, rest: inout Int
    ) throws(SystemError) -> Bool {
        let names = try DirectoryEntries.read(directory.raw, path: path, most: rest + 1)
        guard !names.isEmpty else { return true }
        for name in names {
            rest -= 1
            guard rest >= 0 else { return false }
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            let file = altp_openat2(
                directory.raw, name, UInt64(UInt32(bitPattern: flags)), 0,
                altp_resolve_no_symlinks | altp_resolve_no_xdev)
            // A link or a socket: its directory holds all of it.
            if file < 0, [ELOOP, ENXIO].contains(errno) { continue }
            let entry = FileDescriptor(owning: try check("open", "something in \(path)") { file })
            var status = stat()
            try check("fstat", "something in \(path)") { fstat(entry.raw, &status) }
            switch status.st_mode & S_IFMT {
            case S_IFREG: try check("fsync", "something in \(path)") { fsync(entry.raw) }
            case S_IFDIR: if try !sync(entry, path: path, rest: &rest) { return false }
            default: continue
            }
        }
        try check("fsync", path) { fsync(directory.raw) }
        return true
    }
}
