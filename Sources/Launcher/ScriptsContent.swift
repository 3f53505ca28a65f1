import Dispatch
import Glibc
import Linux
import Sandbox

/// Keeps what a Task's scripts folder held when a Processing was created, once for each content.
final class ScriptsContent: Sendable {
    private let state: StateFolder
    private let queue = DispatchQueue(label: "altp.content")
    private static let largest = 256 << 20
    private static let mostFiles = 10_000

    init(state: StateFolder) { self.state = state }

    /// Copies the folder's present content into the state folder, unless it is there.
    ///
    /// - Returns: the content's hash; nil when there is no such folder.
    func keep(_ folder: String) async throws(LauncherError) -> String? {
        let result: Result<String?, LauncherError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result { () throws(LauncherError) in
                        do throws(SystemError) {
                            return try self.keepNow(folder)
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

    private func keepNow(_ folder: String) throws(SystemError) -> String? {
        guard access(folder, F_OK) == 0 else { return nil }
        var entries: [String: Entry] = [:]
        var size = 0
        try read(folder, "", into: &entries, size: &size)
        var digest = Digest()
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
    ) throws(SystemError) {
        for name in try folderEntries(folder) {
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
                entries[key] = .link(target: try linkTarget(path))
            case S_IFREG:
                let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW)
                let content = try file.readAll(limit: Self.largest)
                size += content.count
                entries[key] = .file(content: content, executable: status.st_mode & 0o111 != 0)
            default: throw SystemError("keep", path, number: EINVAL)
            }
            guard size <= Self.largest, entries.count <= Self.mostFiles else {
                throw SystemError("keep", path, number: EFBIG)
            }
        }
    }

    private func write(_ entries: [String: Entry], hash: String) throws(SystemError) {
        let temporary = "\(state.content(hash)).new"
        try? SandboxEngine.removeTreeNow(temporary)
        try check("mkdir", temporary) { mkdir(temporary, 0o755) }
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let path = "\(temporary)/\(name)"
            switch entry {
            case .folder: try check("mkdir", path) { mkdir(path, 0o755) }
            case .link(let target): try check("symlink", path) { symlink(target, path) }
            case .file(let content, let executable):
                let file = try FileDescriptor.open(
                    path, O_WRONLY | O_CREAT | O_EXCL, mode: executable ? 0o755 : 0o644)
                try file.writeAll(content)
                // Whatever the umask took away: Scripts run as users of their own.
                try check("fchmod", path) { fchmod(file.raw, executable ? 0o755 : 0o644) }
                try check("fsync", path) { fsync(file.raw) }
            }
        }
        try check("chmod", temporary) { chmod(temporary, 0o755) }
        try check("rename", temporary) { rename(temporary, state.content(hash)) }
        let parent = try FileDescriptor.open("\(state.path)/content", O_RDONLY | O_DIRECTORY)
        try check("fsync", "\(state.path)/content") { fsync(parent.raw) }
    }

    private func folderEntries(_ path: String) throws(SystemError) -> [String] {
        guard let stream = opendir(path) else { throw SystemError("opendir", path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let item = readdir(stream) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func linkTarget(_ path: String) throws(SystemError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = try check("readlink", path) {
            buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
