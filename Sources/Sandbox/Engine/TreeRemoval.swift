import CLinux
import Glibc
import Linux

/// Removes directory trees whose names, modes and depth a hostile Script chose.
///
/// Every step is relative to an open directory, follows no link and enters no mount. What cannot be removed does not keep
/// the rest: it is moved aside, and told.
struct TreeRemoval {
    typealias Name = DirectoryEntries.Name

    /// The tree as its owner calls it, for errors.
    private let path: String
    /// Counts the directories that were moved up.
    private var moved = 0
    /// The first thing that could not be removed.
    private var refusal: SystemError?

    /// So many entries that cannot be removed are passed by; then the search for others ends.
    private static let mostStuck = 1000

    private init(path: String) { self.path = path }

    /// Removes the tree; nothing when there is none.
    ///
    /// - Parameter leftovers: the name of the folder beside the tree to which goes what cannot be removed.
    /// - Returns: nil when all is gone, else where the rest lies.
    static func remove(_ path: String, leftovers: String = "leftover") throws(SystemError) -> Leftover? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last.map(String.init), !name.isEmpty, name != ".", name != ".." else {
            throw SystemError("remove", path, number: EINVAL)
        }
        let parentPath = parts.dropLast().joined(separator: "/")
        let parent: FileDescriptor
        do throws(SystemError) {
            parent = try FileDescriptor.open(parentPath + "/", O_RDONLY | O_DIRECTORY)
        } catch  where error.number == ENOENT {
            return nil
        }
        var removal = TreeRemoval(path: path)
        if removal.removeAll(Array(name.utf8CString), in: parent.raw) { return nil }
        let folder = LeftoverFolder(parent: parent.raw, parentPath: parentPath, name: leftovers)
        return Leftover(
            path: folder.take(name) ?? path, reason: removal.refusal ?? SystemError("rmdir", path, number: ENOTEMPTY),
            remedy: "unmount what is mounted there (findmnt), clear what is immutable (chattr -R -i -a), and remove it")
    }

    /// - Returns: whether all of it is gone.
    private mutating func removeAll(_ name: Name, in parent: Int32) -> Bool {
        switch remove(name, in: parent) {
        case .gone: return true
        case .refused(let error): note(error)
        case .notEmpty:
            empty(name, in: parent)
            if case .gone = remove(name, in: parent) { return true }
        }
        return false
    }

    /// Empties a directory without recursion: directories inside are moved up to the top, so that neither the stack nor
    /// the number of open descriptors grows with the depth.
    private mutating func empty(_ name: Name, in parent: Int32) {
        do throws(SystemError) {
            let top = try open(name, in: parent)
            var stuck: Set<Name> = []
            while stuck.count < Self.mostStuck {
                let rest = try DirectoryEntries.read(top.raw, path: path).filter { !stuck.contains($0) }
                if rest.isEmpty { return }
                for entry in rest where !reduce(entry, in: top.raw) { stuck.insert(entry) }
            }
        } catch {
            note(error)
        }
    }

    /// - Returns: whether it became less.
    private mutating func reduce(_ entry: Name, in top: Int32) -> Bool {
        switch remove(entry, in: top) {
        case .gone: return true
        case .refused(let error): note(error)
        case .notEmpty:
            do throws(SystemError) {
                return try flatten(entry, into: top)
            } catch {
                note(error)
            }
        }
        return false
    }

    /// Removes a directory's files and moves its directories up into `top`.
    ///
    /// - Returns: whether it became less.
    private mutating func flatten(_ entry: Name, into top: Int32) throws(SystemError) -> Bool {
        let directory = try open(entry, in: top)
        var progress = false
        for child in try DirectoryEntries.read(directory.raw, path: path) {
            switch remove(child, in: directory.raw) {
            case .gone: progress = true
            case .refused(let error): note(error)
            case .notEmpty:
                repeat { moved += 1 } while faccessat(top, ".altp-removed-\(moved)", F_OK, AT_SYMLINK_NOFOLLOW) == 0
                if renameat(directory.raw, child, top, ".altp-removed-\(moved)") == 0 {
                    progress = true
                } else {
                    note(SystemError("rename", "a directory in \(path)"))
                }
            }
        }
        if case .gone = remove(entry, in: top) { return true }
        return progress
    }

    private mutating func note(_ error: SystemError) { refusal = refusal ?? error }
}

extension TreeRemoval {
    private enum Result {
        case gone
        case notEmpty
        case refused(SystemError)
    }

    /// unlinkat(2) of whatever it is, once more without the flags and modes that keep it.
    private func remove(_ entry: Name, in directory: Int32, again: Bool = true) -> Result {
        if unlinkat(directory, entry, 0) == 0 || errno == ENOENT { return .gone }
        if errno == EISDIR {
            if unlinkat(directory, entry, AT_REMOVEDIR) == 0 { return .gone }
            if errno == ENOTEMPTY || errno == EEXIST { return .notEmpty }
        }
        let error = SystemError("unlink", "something in \(path)")
        guard again, error.number == EPERM || error.number == EACCES else { return .refused(error) }
        unprotect(directory)
        if let file = try? open(entry, in: directory, kind: altp_o_path) { unprotect(file.raw) }
        return remove(entry, in: directory, again: false)
    }

    /// Clears what keeps a file or a directory: immutable and append-only flags, and a mode that locks out its owner.
    /// What the system does not allow shows when the removal is tried again.
    private func unprotect(_ file: Int32) {
        var status = stat()
        // Another kind would have to be opened for its flags, which a device or a FIFO answers with a deed or a wait.
        guard fstat(file, &status) == 0, [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else { return }
        let place = "/proc/self/fd/\(file)"
        if status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o700 != 0o700 { chmod(place, 0o700) }
        guard let open = try? FileDescriptor.open(place, O_RDONLY | O_NONBLOCK) else { return }
        _ = altp_clear_protection(open.raw)
    }

    /// Opens a directory, or a place of any kind, that is no link and not on another mount.
    private func open(_ entry: Name, in directory: Int32) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try open(entry, in: directory, kind: O_RDONLY | O_DIRECTORY)
        } catch  where error.number == EACCES {
            unprotect(try open(entry, in: directory, kind: altp_o_path).raw)
            return try open(entry, in: directory, kind: O_RDONLY | O_DIRECTORY)
        }
    }

    private func open(_ entry: Name, in directory: Int32, kind: Int32) throws(SystemError) -> FileDescriptor {
        let flags = kind | O_NOFOLLOW | O_CLOEXEC
        return FileDescriptor(
            owning: try check("open", "something in \(path)") {
                altp_openat2(
                    directory, entry, UInt64(UInt32(bitPattern: flags)), 0,
                    altp_resolve_no_symlinks | altp_resolve_no_xdev)
            })
    }
}
