import CLinux
import FoundationEssentials
import Glibc
import Linux

/// An image in the making, in a folder beside the versions: it is a version only when all of it is written.
///
/// One at a time for a name, whichever process makes it.
package struct ImageDraft: Sendable {
    /// The folder to work in; `root` in it becomes the image's file system, the rest is removed.
    package let path: String
    private let store: ImageStore
    private let name: String
    /// Held until the last copy of this is gone.
    private let lock: ImageHold

    package var root: String { "\(path)/root" }

    /// Makes an empty folder for the draft. What an earlier one left there, whose process was killed, is removed.
    package init(of name: String, in store: ImageStore) throws(SandboxError) {
        self.store = store
        self.name = name
        path = "\(store.place(of: name))/draft"
        lock = try NameLock.take(name, in: store)
        _ = try SandboxEngine.removeTreeNow(path)
        do throws(SystemError) {
            try check("mkdir", path) { mkdir(path, 0o700) }
        } catch {
            throw SandboxError("making a folder for the image: \(error)")
        }
    }

    /// Makes the draft the image that sandboxes get from now on. Those that run keep theirs.
    ///
    /// - Returns: what of replaced versions could not be removed.
    package func publish(_ record: ImageRecord) throws(SandboxError) -> [Leftover] {
        defer { withExtendedLifetime(lock) {} }
        let place = store.place(of: name)
        let version = String((store.versions(of: name).compactMap { Int($0) }.max() ?? 0) + 1)
        let finished = "\(path)/finished"
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let content = Array(try encoder.encode(record))
            try check("mkdir", finished) { mkdir(finished, 0o700) }
            try FileDescriptor.open("\(finished)/image.json", O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).writeAll(
                content)
            _ = try FileDescriptor.open("\(finished)/lock", O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try check("rename", root) { rename(root, "\(finished)/root") }
            let folder = try FileDescriptor.open(place, O_RDONLY | O_DIRECTORY)
            try check("syncfs", place) { altp_syncfs(folder.raw) }
            try check("rename", finished) { rename(finished, "\(place)/\(version)") }
            let link = "\(path)/current"
            try check("symlink", link) { symlink(version, link) }
            try check("rename", link) { rename(link, "\(place)/current") }
            try check("fsync", place) { fsync(folder.raw) }
        } catch {
            _ = try? SandboxEngine.removeTreeNow(path)
            throw SandboxError("putting the image \(name) in its place: \(error)")
        }
        return try [SandboxEngine.removeTreeNow(path)].compactMap { $0 } + store.removeFormerVersions(of: name)
    }

    /// Removes the draft.
    ///
    /// - Returns: what could not be removed.
    package func discard() throws(SandboxError) -> Leftover? {
        defer { withExtendedLifetime(lock) {} }
        let leftover = try SandboxEngine.removeTreeNow(path)
        // Of a name that has no image nothing stays.
        if store.versions(of: name).isEmpty { NameLock.forget(name, in: store) }
        return leftover
    }
}

/// The lock of what makes or removes an image of a name.
enum NameLock {
    static func take(_ name: String, in store: ImageStore) throws(SandboxError) -> ImageHold {
        let place = store.place(of: name)
        let path = "\(place)/lock"
        do throws(SystemError) {
            while true {
                try makeFolders(place)
                // The one before may have removed the folder in between.
                guard let lock = try open(path) else { continue }
                guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else {
                    if errno != EWOULDBLOCK { throw SystemError("flock", path) }
                    let holder = ((try? readFile(path)) ?? "").filter { $0.isNumber }
                    throw SystemError("by process \(holder)", number: EWOULDBLOCK)
                }
                var status = stat()
                try check("fstat", path) { fstat(lock.raw, &status) }
                guard status.st_nlink > 0 else { continue }
                try check("ftruncate", path) { ftruncate(lock.raw, 0) }
                try lock.writeAll(Array("\(getpid())\n".utf8))
                return ImageHold(lock)
            }
        } catch  where error.number == EWOULDBLOCK {
            throw SandboxError(
                "the image \(name) is being made or removed already, \(error.call). Wait for its end, or stop it")
        } catch {
            throw SandboxError("taking the lock of the image \(name): \(error)")
        }
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            return try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        } catch  where error.number == ENOENT {
            return nil
        }
    }

    /// Removes the lock's file and the folder, when nothing else is in it. Only for its holder.
    static func forget(_ name: String, in store: ImageStore) {
        unlink("\(store.place(of: name))/lock")
        rmdir(store.place(of: name))
    }

    /// The images' folder is root's alone: set-uid files and devices of images must be out of everybody's reach.
    private static func makeFolders(_ place: String) throws(SystemError) {
        for index in place.indices.dropFirst() where place[index] == "/" {
            let parent = String(place[..<index])
            if mkdir(parent, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", parent) }
        }
        if mkdir(place, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", place) }
    }
}
