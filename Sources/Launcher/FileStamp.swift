import Glibc
import Linux

/// What the system says of a file without reading it: two equal stamps mean equal content, once they are settled.
struct FileStamp: Equatable {
    private var path: String
    private var device: UInt64
    private var inode: UInt64
    private var mode: UInt32
    private var size: Int64
    private var modified: [Int]
    private var changed: [Int]

    /// Those of everything below a folder, in the order of the names, up to one more than `limit`.
    static func all(below folder: String, limit: Int) throws(SystemError) -> [FileStamp] {
        var stamps: [FileStamp] = []
        try collect(folder, limit: limit, into: &stamps)
        return stamps
    }

    private static func collect(_ path: String, limit: Int, into stamps: inout [FileStamp]) throws(SystemError) {
        var status = stat()
        try check("lstat", path) { lstat(path, &status) }
        stamps.append(
            FileStamp(
                path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), mode: UInt32(status.st_mode),
                size: Int64(status.st_size), modified: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec],
                changed: [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]))
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in try names(in: path) where stamps.count <= limit {
            try collect("\(path)/\(name)", limit: limit, into: &stamps)
        }
    }

    /// Whether a change from now on shows in the stamps. File systems stamp by a coarse clock: right after a change, a
    /// second one may leave the stamp as it is.
    static func areSettled(_ stamps: [FileStamp]) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return stamps.allSatisfy { $0.changed[0] < now.tv_sec - 1 }
    }

    /// The names in a folder, sorted; without `.` and `..`.
    static func names(in path: String) throws(SystemError) -> [String] {
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        return try DirectoryEntries.read(folder.raw, path: path, most: .max).map { name in
            String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }.sorted()
    }
}
