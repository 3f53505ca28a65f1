import Glibc
import Linux
import SandboxPlan

extension SandboxEngine {
    /// Extends the wall-time limit of an attempt that runs. When this returns it is on the disk, for its pid 1 to find when
    /// the time so far is over, whatever becomes of this process.
    ///
    /// - Parameter milliseconds: the whole limit, from the Script's start.
    package func extendWallTime(
        of attempt: AttemptDirectory, to milliseconds: Int64
    ) async throws(SandboxError) {
        try await run { () throws(SandboxError) in
            let name = WallTimeFile.name
            do throws(SystemError) {
                let directory = try FileDescriptor.open(attempt.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                let file = try FileDescriptor.open(
                    "\(name).new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600, at: directory.raw)
                try file.writeAll(Array(WallTimeFile.text(milliseconds).utf8))
                try check("fsync", name) { fsync(file.raw) }
                // Pid 1 finds the one before, or this one, whole.
                try check("rename", name) { renameat(directory.raw, "\(name).new", directory.raw, name) }
                try check("fsync", attempt.path) { fsync(directory.raw) }
            } catch {
                throw SandboxError("extending the wall_time of \(attempt.path): \(error)")
            }
        }
    }
}
