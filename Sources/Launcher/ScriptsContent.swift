import Dispatch
import Glibc
import Linux
import Sandbox
import Synchronization

/// Keeps what a Task's scripts folder held when a Processing was created, once for each content.
final class ScriptsContent: Sendable {
    private let state: StateFolder
    private let queue = DispatchQueue(label: "altp.content")
    /// What each folder held when it was last read, so that a thousand Events do not read it a thousand times.
    private let known = Mutex<[String: (stamps: [FileStamp], hash: String)]>([:])
    private static let largest = 256 << 20
    private static let mostFiles = 10_000

    init(state: StateFolder) { self.state = state }

    /// Copies the folder's present content into the state folder, unless it is there.
    ///
    /// - Returns: the content's hash; nil when there is no such folder.
    func keep(_ folder: String) async throws(LauncherError) -> String? {
        if access(folder, F_OK) != 0 && errno == ENOENT { return nil }
        let result: Result<String?, LauncherError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result { () throws(LauncherError) in
                        do {
                            return try self.keepNow(folder)
                        } catch let error as Unkeepable {
                            throw LauncherError(.invalid, "keeping the scripts of \(folder): \(error)")
                        } catch {
                            throw LauncherError(.unavailable, "keeping the scripts of \(folder): \(error)")
                        }
                    })
            }
        }
        return try result.get()
    }

    private enum Entry {
        case folder
        case link(target: String)
        case file(content: [UInt8], executable: Bool)
    }

    private struct Unkeepable: Error, CustomStringConvertible {
        var description: String
    }

    private func keepNow(_ folder: String) throws -> String? {
        guard access(folder, F_OK) == 0 else { return nil }
        let stamps = try FileStamp.all(below: folder, limit: Self.mostFiles)
        if let last = known.withLock({ $0[folder] }), last.stamps == stamps,
            access(state.content(last.hash), F_OK) == 0
        {
            return last.hash
        }
        let isSettled = FileStamp.areSettled(stamps)
        let hash = try keepAnew(folder)
        known.withLock { $0[folder] = isSettled ? (stamps, hash) : nil }
        return hash
    }

    private func keepAnew(_ folder: String) throws -> String {
        var entries: [String: Entry] = [:]
        var size = 0
        try read(folder, "", into: &entries, size: &size)
        var digest = SHA256()
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            digest.add(name)
            switch entry {
            case .folder: digest.add("folder")
            case .link(let target):
                digest.add("link")
                digest.add(target)
            case .file(let content, let executable):
                digest.add(executable ? "executable \(content.count)" : "file \(content.count)")
                digest.add(content)
            }
        }
        let hash = digest.finish()
        if access(state.content(hash), F_OK) != 0 { try write(entries, hash: hash) }
        return hash
    }

    private func read(
        _ folder: String, _ prefix: String, into entries: inout [String: Entry], size: inout Int
    ) throws {
        for name in try FileStamp.names(in: folder) {
            let path = "\(folder)/\(name)"
            let key = prefix + name
            var status = stat()
            try check("lstat", path) { lstat(path, &status) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                // Python's own cache changes with each run by hand, and is no part of what runs.
                guard name != "__pycache__" else { continue }
                entries[key] = .folder
                try read(path, key + "/", into: &entries, size: &size)
            case S_IFLNK:
                let target = try linkTarget(path)
                guard Self.canBeFollowed(key, target) else {
                    throw Unkeepable(
                        description:
                            "the link \(key) leads out of the folder, to \(target), where no sandbox can follow "
                            + "it; put the file itself there")
                }
                entries[key] = .link(target: target)
            case S_IFREG:
                let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
                let content = try file.readAll(limit: Self.largest)
                size += content.count
                entries[key] = .file(content: content, executable: status.st_mode & 0o111 != 0)
            default:
                throw Unkeepable(description: "\(key) is neither a file nor a folder nor a link")
            }
            guard size <= Self.largest, entries.count <= Self.mostFiles else {
                throw Unkeepable(
                    description: "it holds more than \(Self.largest >> 20) MiB or \(Self.mostFiles) files; keep data "
                        + "elsewhere and mount it")
            }
        }
    }

    /// Whether a link at `key` points to something that a sandbox has too, by its text: within the folder, or below `/usr`,
    /// as a virtual environment's `bin/python3` does.
    static func canBeFollowed(_ key: String, _ target: String) -> Bool {
        if target.hasPrefix("/") {
            return ["/usr/", "/bin/", "/lib/"].contains(where: target.hasPrefix) && !target.contains("/../")
        }
        guard !target.isEmpty else { return false }
        var depth = key.split(separator: "/").count - 1
        for part in target.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return false }
        }
        return true
    }

    private func write(_ entries: [String: Entry], hash: String) throws(SystemError) {
        let temporary = "\(state.content(hash)).new"
        _ = try? SandboxEngine.removeTreeNow(temporary)
        try check("mkdir", temporary) { mkdir(temporary, 0o755) }
        var folders = [temporary]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let path = "\(temporary)/\(name)"
            switch entry {
            case .folder:
                try check("mkdir", path) { mkdir(path, 0o755) }
                // Whatever the umask took away: Scripts run as users of their own.
                try check("chmod", path) { chmod(path, 0o755) }
                folders.append(path)
            case .link(let target): try check("symlink", path) { symlink(target, path) }
            case .file(let content, let executable):
                let file = try FileDescriptor.open(
                    path, O_WRONLY | O_CREAT | O_EXCL, mode: executable ? 0o755 : 0o644)
                try file.writeAll(content)
                try check("fchmod", path) { fchmod(file.raw, executable ? 0o755 : 0o644) }
                try check("fsync", path) { fsync(file.raw) }
            }
        }
        try check("chmod", temporary) { chmod(temporary, 0o755) }
        for folder in folders { try syncFolder(folder) }
        try check("rename", temporary) { rename(temporary, state.content(hash)) }
        try syncFolder("\(state.path)/content")
    }

    private func syncFolder(_ path: String) throws(SystemError) {
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        try check("fsync", path) { fsync(folder.raw) }
    }

    private func linkTarget(_ path: String) throws(SystemError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = try check("readlink", path) {
            buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
