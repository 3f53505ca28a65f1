import FoundationEssentials
import Glibc
import Linux
import Sandbox

/// What is in trees, one line of JSON for each entry: its path, kind, size, mode, time, and of a file the SHA-256 of what is
/// in it. Bounded in the number of entries and in the bytes that are read; where something is left out, the last lines say so.
struct TreeListing: ~Copyable {
    static let mostEntries = 20_000
    static let mostHashed: Int64 = 1 << 30
    /// Of the file itself: paths are as long as a Script likes.
    static let mostBytes = 1 << 20

    /// A line of it.
    struct Line: Codable, Hashable {
        var path: String
        /// base64 of the path below the tree, where it is no UTF-8.
        var pathBytes: String?
        var kind: String
        var size: Int64
        /// Octal, as chmod(1) takes it.
        var mode: String
        /// Milliseconds since the epoch.
        var modified: Int64
        /// Absent where it is no file, cannot be read, or too much was read already.
        var sha256: String?
        /// Where a symbolic link points.
        var target: String?

        enum CodingKeys: String, CodingKey {
            case path, kind, size, mode, modified, sha256, target
            case pathBytes = "path_base64"
        }

        init(_ entry: TreeEntry, in tree: PreservedTree) {
            path = "\(tree.place.rawValue)/\(entry.pathText)"
            if String(validating: entry.path, as: UTF8.self) == nil {
                pathBytes = Data(entry.path).base64EncodedString()
            }
            kind = entry.kind.rawValue
            size = entry.size
            mode = String(entry.mode, radix: 8)
            modified = entry.modified.seconds * 1000 + entry.modified.nanoseconds / 1_000_000
            sha256 = entry.sha256
            target = entry.target.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    private struct Remark: Encodable {
        var remark: String
    }

    private let path: String
    private let file: FileDescriptor
    private let encoder: JSONEncoder
    private var buffer: [UInt8] = []
    private var entriesLeft = Self.mostEntries
    private var hashedLeft = Self.mostHashed
    private var bytesLeft = Self.mostBytes
    private var remarks: [String] = []

    /// Begins a file.
    init(at path: String) throws(SystemError) {
        self.path = path
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    mutating func add(_ tree: PreservedTree) throws(SystemError) {
        let name = tree.place.rawValue
        var walk: TreeWalk
        do throws(SandboxError) {
            walk = try tree.walk(.init(entries: entriesLeft, hashedBytes: hashedLeft))
        } catch {
            return remark(error.description)
        }
        while let entry = walk.next() {
            guard bytesLeft > 0 else {
                remark("\(name): the listing is cut at \(Self.mostBytes) bytes")
                break
            }
            entriesLeft -= 1
            if entry.sha256 != nil { hashedLeft -= entry.size }
            try append(Line(entry, in: tree))
        }
        let omissions = walk.omissions
        if omissions.hasMore { remark("\(name): there are more than \(Self.mostEntries) entries") }
        if omissions.unread > 0 { remark("\(name): \(omissions.unread) directories could not be read") }
        if omissions.unhashed > 0 { remark("\(name): \(omissions.unhashed) files have no hash") }
    }

    /// Says what is missing.
    mutating func remark(_ text: String) { remarks.append(text) }

    /// Returns once the file is on the disk.
    consuming func finish() throws(SystemError) {
        for remark in remarks { try append(Remark(remark: remark)) }
        try flush()
        let path = path
        try check("fsync", path) { fsync(file.raw) }
    }

    private mutating func append(_ value: some Encodable) throws(SystemError) {
        do {
            let line = try encoder.encode(value)
            bytesLeft -= line.count + 1
            buffer += line
        } catch {
            throw SystemError("write", path, number: EINVAL)
        }
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count > 64 << 10 { try flush() }
    }

    private mutating func flush() throws(SystemError) {
        do throws(SystemError) {
            try file.writeAll(buffer)
        } catch {
            throw SystemError("write", path, number: error.number)
        }
        buffer = []
    }
}
