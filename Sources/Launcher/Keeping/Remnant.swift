import FoundationEssentials
import Glibc
import Linux
import Sandbox

/// What stays of a failure when its directories go: of each attempt the log, the outcome and a list of its files. Small: every
/// part has a bound.
///
/// It lies in `remnants/ID/SCRIPT.N/` as `log`, `outcome.json` and `listing.jsonl`; what the Scripts shared is listed in
/// `remnants/ID/processing.jsonl`.
struct Remnant {
    /// The Processing's directory.
    let source: String
    /// Its folder of remnants.
    let target: String

    static let log = (head: Int64(64 << 10), tail: Int64(192 << 10))
    static let largestOutcome = 256 << 10

    /// Writes what is not there yet. For a thread that may block.
    func write() throws(SystemError) {
        try makeFolder(target)
        let folder = try FileDescriptor.open(source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var hasShared = false
        for name in try DirectoryEntries.read(folder.raw, path: source) {
            let name = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let attempt = AttemptDirectory(path: "\(source)/\(name)")
            // The folder is the Launcher's own: who has a specification is an attempt.
            guard access(attempt.specification, F_OK) == 0 else { continue }
            try write(attempt, to: "\(target)/\(name)", &hasShared)
        }
        try flush(target)
        try flush(target + "/..")
    }

    /// Returns once a folder's names are on the disk.
    private func flush(_ folder: String) throws(SystemError) {
        let opened = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY)
        try check("fsync", folder) { fsync(opened.raw) }
    }

    /// - Parameter hasShared: what the Scripts shared is listed already.
    private func write(
        _ attempt: AttemptDirectory, to folder: String, _ hasShared: inout Bool
    ) throws(SystemError) {
        guard access(folder, F_OK) != 0 else { return }
        // Under its name once it is whole.
        let draft = "\(folder).draft"
        try makeFolder(draft)
        try copyLog(attempt.log, to: "\(draft)/log")
        if let outcome = try? FileDescriptor.openWithoutLinks(attempt.outcome, O_RDONLY | O_NONBLOCK),
            let bytes = try? outcome.readAll(limit: Self.largestOutcome)
        {
            try write(bytes, to: "\(draft)/outcome.json")
        }
        var listing = try TreeListing(at: "\(draft)/listing.jsonl")
        let trees: PreservedTrees?
        do throws(SandboxError) {
            trees = try PreservedTrees(of: attempt)
        } catch {
            // What cannot be read any more is no reason to keep it.
            trees = nil
            listing.remark(error.description)
        }
        for place in [PreservedTree.Place.scratch, .root] {
            if let tree = trees?[place] { try listing.add(tree) }
        }
        try listing.finish()
        if let shared = trees?[.processing], !hasShared {
            try list(shared)
            hasShared = true
        }
        try flush(draft)
        try check("rename", folder) { rename(draft, folder) }
    }

    private func list(_ shared: PreservedTree) throws(SystemError) {
        let path = "\(target)/processing.jsonl"
        var listing = try TreeListing(at: "\(path).draft")
        try listing.add(shared)
        try listing.finish()
        try check("rename", path) { rename("\(path).draft", path) }
    }

    /// All of a short log; of a long one the beginning and the end.
    private func copyLog(_ path: String, to target: String) throws(SystemError) {
        guard let file = try? FileDescriptor.openWithoutLinks(path, O_RDONLY | O_NONBLOCK) else { return }
        var status = stat()
        try check("fstat", path) { fstat(file.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { return }
        let size = Int64(status.st_size)
        var bytes: [UInt8]
        if size <= Self.log.head + Self.log.tail {
            bytes = try read(file, from: 0, count: size, path)
        } else {
            let cut = size - Self.log.head - Self.log.tail
            bytes = try read(file, from: 0, count: Self.log.head, path)
            bytes += Array("\n[altp: \(cut) bytes of the log were removed with the sandbox]\n".utf8)
            bytes += try read(file, from: size - Self.log.tail, count: Self.log.tail, path)
        }
        try write(bytes, to: target)
    }

    private func read(
        _ file: borrowing FileDescriptor, from start: Int64, count: Int64, _ path: String
    ) throws(SystemError) -> [UInt8] {
        let descriptor = file.raw
        var bytes = [UInt8](repeating: 0, count: Int(count))
        var filled = 0
        while filled < bytes.count {
            let done = try check("pread", path) {
                bytes.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress! + filled, $0.count - filled, off_t(start) + off_t(filled))
                }
            }
            if done == 0 { break }
            filled += done
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    private func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        do throws(SystemError) {
            try file.writeAll(bytes)
            try check("fsync", path) { fsync(file.raw) }
        } catch {
            throw SystemError(error.call, path, number: error.number)
        }
    }

    private func makeFolder(_ path: String) throws(SystemError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", path) }
    }
}
