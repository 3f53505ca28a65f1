import Configuration
import Glibc
import Linux
import Sandbox
import Store

extension Launcher {
    /// Why an attempt failed; nil when it has not.
    ///
    /// - Parameter reported: what its sandbox said; the Launcher may have made something else of it.
    func cause(
        of outcome: Outcome, reported: Outcome, _ attempt: Chain.Attempt, of record: ProcessingRecord
    ) -> Cause? {
        guard outcome.kind != .success, outcome.kind != .cancelled else { return nil }
        var lines: [String] = []
        do throws(SystemError) {
            lines = try Self.logEnd(state.attempt(record.id, attempt).path)
        } catch {
            LauncherLog.write(
                .warning, "the end of a log could not be read",
                ("attempt", "\(record.id)/\(attempt.script)#\(attempt.number)"), ("error", error.description))
        }
        return Cause(
            task: record.task, script: attempt.script, outcome: outcome, isOwnWord: outcome.kind != reported.kind,
            log: lines)
    }

    /// The last lines of the log in an attempt's directory: hostile bytes. No link is followed, nothing but a regular file is
    /// read, and of that a few kilobytes.
    static func logEnd(_ directory: String) throws(SystemError) -> [String] {
        guard let log = try openLog(directory) else { return [] }
        let path = "\(directory)/log"
        var status = stat()
        try Linux.check("fstat", path) { fstat(log.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read", path, number: EINVAL) }
        let size = Int64(status.st_size)
        let start = max(0, size - Int64(LogEnd.bytes))
        var bytes = [UInt8](repeating: 0, count: Int(size - start))
        let count = try Linux.check("pread", path) {
            bytes.withUnsafeMutableBytes { pread(log.raw, $0.baseAddress, $0.count, off_t(start)) }
        }
        return LogEnd.lines(bytes.prefix(count), isWhole: start == 0)
    }

    /// nil when there is none.
    private static func openLog(_ directory: String) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            let folder = try FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            // O_NONBLOCK: opening a FIFO would wait for its writer.
            return try FileDescriptor.openWithoutLinks("log", O_RDONLY | O_NONBLOCK, at: folder.raw)
        } catch  where error.number == ENOENT {
            return nil
        }
    }
}
