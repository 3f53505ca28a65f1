import Glibc
import Linux

/// Bytes of an attempt's log, and the size it had when they were read.
struct LogSlice: Sendable {
    var bytes: [UInt8]
    var size: Int64

    /// Follows no link below the attempt's directory and reads nothing but a regular file, whatever a sandbox may have
    /// put there. A log that is not there yet is empty; an offset past the end gives no bytes.
    init(directory: String, offset: Int64, limit: Int) throws(SystemError) {
        let folder = try FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard let log = try Self.openLog(in: folder.raw) else {
            bytes = []
            size = 0
            return
        }
        let path = "\(directory)/log"
        var status = stat()
        try check("fstat", path) { fstat(log.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read", path, number: EINVAL) }
        size = Int64(status.st_size)
        let wanted = max(0, min(Int64(limit), size - offset))
        bytes = [UInt8](repeating: 0, count: Int(wanted))
        var filled = 0
        while filled < bytes.count {
            let count = try check("pread", path) {
                bytes.withUnsafeMutableBytes {
                    pread(log.raw, $0.baseAddress! + filled, $0.count - filled, off_t(offset) + off_t(filled))
                }
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
    }

    /// - Returns: nil while there is none.
    static func openLog(in folder: Int32) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            // O_NONBLOCK: opening a FIFO would wait for its writer.
            return try FileDescriptor.openWithoutLinks("log", O_RDONLY | O_NONBLOCK, at: folder)
        } catch  where error.number == ENOENT {
            return nil
        }
    }
}
