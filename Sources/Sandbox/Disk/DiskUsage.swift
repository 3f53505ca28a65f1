import Glibc
import Linux

extension SandboxEngine {
    /// What a Processing's directory holds of the disk where that is told without walking through it: by its project's
    /// quota, or by its images. nil where it is not.
    package static func usage(of directory: String, identity: SandboxIdentity) -> Int64? {
        guard let folder = try? FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let names = try? DirectoryEntries.read(folder.raw, path: directory)
        else { return nil }
        let attempts = names.map { String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        let logs = attempts.reduce(0) { $0 + held(by: "\(directory)/\($1)/log") }
        if ProjectQuota.isEnforced(folder) {
            guard let used = try? ProjectQuota.usage(of: identity.project, at: folder) else { return nil }
            return used.bytes + logs
        }
        guard ImageFolder(path: "\(directory)/shared").isThere else { return nil }
        let images =
            attempts.map { AttemptDirectory(path: "\(directory)/\($0)").imageFolder }
            + [ImageFolder(path: "\(directory)/shared")]
        return images.reduce(logs) { $0 + held(by: $1.image) }
    }

    /// Entries of a tree beyond which it is not worth the time to know the rest.
    private static let mostMeasured = 10_000_000

    /// What a Processing's directory holds of the disk, for a caller that has a thread to block: it may be walked through.
    package static func measure(_ directory: String, identity: SandboxIdentity) -> Int64 {
        if let usage = usage(of: directory, identity: identity) { return usage }
        guard let folder = try? FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            var walk = try? TreeWalk(over: folder.raw, .init(entries: Self.mostMeasured))
        else { return 0 }
        var bytes: Int64 = 0
        var linked: Set<UInt64> = []
        while let entry = walk.next() {
            // A file with several names holds its blocks once.
            if entry.kind != .directory, entry.links > 1, !linked.insert(entry.inode).inserted { continue }
            bytes += entry.allocated
        }
        return bytes
    }

    private static func held(by file: String) -> Int64 {
        var status = stat()
        guard lstat(file, &status) == 0 else { return 0 }
        return Int64(status.st_blocks) * 512
    }
}
