import Glibc
import Linux

/// What was in a tree at a time: enough to tell later what of it was changed.
///
/// As text, records that end with NUL: `altp-listing 1 complete` (or `cut`), then for each entry
/// `KIND INODE MODE UID SIZE MODIFIED CHANGED PATH`, the times in seconds and nanoseconds with a dot between.
struct TreeRecord: Equatable {
    var entries: [TreeEntry] = []
    /// Not all that there was: it was more than is listed.
    var isCut = false

    /// It is written before every start that needs one, so it has to be quick.
    static let mostEntries = 10_000
    private static let mostBytes = 4 << 20

    init() {}

    init(of walk: consuming TreeWalk) {
        var bytes = 0
        while let entry = walk.next() {
            bytes += entry.path.count + 100
            guard bytes < Self.mostBytes else {
                isCut = true
                return
            }
            entries.append(entry)
        }
        isCut = walk.omissions.hasMore || walk.omissions.unread > 0
    }

    /// - Parameter bytes: nil when they are no listing.
    init?(_ bytes: [UInt8]) {
        let records = bytes.split(separator: 0)
        switch records.first.map({ String(decoding: $0, as: UTF8.self) }) {
        case "altp-listing 1 complete": isCut = false
        case "altp-listing 1 cut": isCut = true
        default: return nil
        }
        for record in records.dropFirst() {
            let fields = record.split(separator: 0x20, maxSplits: 7, omittingEmptySubsequences: false)
            guard fields.count == 8, let entry = Self.entry(fields) else { return nil }
            entries.append(entry)
        }
    }

    private static func entry(_ fields: [ArraySlice<UInt8>]) -> TreeEntry? {
        let texts = fields.dropLast().map { String(decoding: $0, as: UTF8.self) }
        guard let kind = TreeEntry.Kind(rawValue: texts[0]), let inode = UInt64(texts[1]),
            let mode = UInt32(texts[2], radix: 8), let uid = UInt32(texts[3]), let size = Int64(texts[4]),
            let modified = moment(texts[5]), let changed = moment(texts[6])
        else { return nil }
        return TreeEntry(
            path: Array(fields[7]), kind: kind, size: size, mode: mode, uid: uid, modified: modified, changed: changed,
            inode: inode)
    }

    private static func moment(_ text: String) -> TreeEntry.Moment? {
        let parts = text.split(separator: ".").map { Int64($0) }
        guard parts.count == 2, let seconds = parts[0], let nanoseconds = parts[1] else { return nil }
        return TreeEntry.Moment(seconds: seconds, nanoseconds: nanoseconds)
    }

    var bytes: [UInt8] {
        var result = Array("altp-listing 1 \(isCut ? "cut" : "complete")".utf8) + [0]
        for entry in entries {
            let (modified, changed) = (entry.modified, entry.changed)
            let fields =
                "\(entry.kind.rawValue) \(entry.inode) \(String(entry.mode, radix: 8)) \(entry.uid) \(entry.size) "
                + "\(modified.seconds).\(modified.nanoseconds) \(changed.seconds).\(changed.nanoseconds) "
            result += Array(fields.utf8) + entry.path + [0]
        }
        return result
    }

    // MARK: On the disk

    /// What the Scripts of a Processing share, as it was before an attempt; nothing is written when it was empty.
    static func record(_ specification: SandboxSpecification, at attempt: AttemptDirectory) throws(SandboxError) {
        do throws(SystemError) {
            guard let tree = try PreservedTrees.shared(specification) else { return }
            let listing = TreeRecord(of: try TreeWalk(over: tree.directory.raw, .init(entries: mostEntries)))
            guard !listing.entries.isEmpty else { return }
            let file = try FileDescriptor.open(
                attempt.baseline, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try file.writeAll(listing.bytes)
        } catch {
            throw SandboxError("listing /processing before \(specification.reference): \(error)")
        }
    }

    /// - Returns: nil when there is none, because it was empty.
    static func read(at attempt: AttemptDirectory) throws(SandboxError) -> TreeRecord? {
        do throws(SystemError) {
            let file = try FileDescriptor.openWithoutLinks(attempt.baseline, O_RDONLY)
            guard let listing = TreeRecord(try file.readAll(limit: mostBytes * 2)) else {
                throw SystemError("read", attempt.baseline, number: EINVAL)
            }
            return listing
        } catch  where error.number == ENOENT {
            return nil
        } catch {
            throw SandboxError("reading what /processing held before the attempt: \(error)")
        }
    }
}
