import Glibc
import Linux
import Sandbox

/// The Launcher's folder on disk: the database, kept scripts, and a directory for each Processing.
package final class StateFolder: Sendable {
    package let path: String
    /// Held as long as this process lives, so that two Launchers never share a folder.
    private let lock: FileDescriptor

    /// Makes the folder if need be, and takes its lock.
    package init(path: String) throws(LauncherError) {
        self.path = path
        do throws(SystemError) {
            for folder in ["", "/content", "/processings", "/sessions", "/remnants", "/root"].map({ path + $0 }) {
                if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", folder) }
            }
            lock = try FileDescriptor.open("\(path)/lock", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        } catch {
            throw LauncherError(.unavailable, "preparing the state folder: \(error)\(Self.remedy(error.number, path))")
        }
        guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? readFile("\(path)/lock"))?.filter { !$0.isWhitespace } ?? ""
            throw LauncherError(
                .conflict,
                "the state folder \(path) is in use by another Launcher\(holder.isEmpty ? "" : ", pid \(holder)"). "
                    + "Stop that one, or give this one another folder with --state")
        }
        SandboxEngine.removeDrafts(ofTemplates: diskTemplates)
        ftruncate(lock.raw, 0)
        try? lock.writeAll(Array("\(getpid())\n".utf8))
        // What was put by for a full disk: only a Launcher that starts can make room.
        if obstacle() != nil { unlink(ballast) }
    }

    /// Why no file can be made in the folder; nil when one can.
    func obstacle() -> String? {
        let probe = "\(path)/probe"
        do throws(SystemError) {
            // A page: a directory and an empty file may still fit where nothing else does.
            let file = try FileDescriptor.open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            defer { unlink(probe) }
            try file.writeAll([UInt8](repeating: 0, count: 4096))
            try check("fsync", probe) { fsync(file.raw) }
            return nil
        } catch {
            return "the state folder takes no files: \(error)\(Self.remedy(error.number, path))"
        }
    }

    private static func remedy(_ number: Int32, _ path: String) -> String {
        switch number {
        case ENOSPC:
            ". The file system of \(path) is full, or has no inodes left (df, df -i): free some; what waits then goes on"
        case EDQUOT: ". The quota of \(path) is used up: raise it, or free space; what waits then goes on"
        case EROFS: ". The file system of \(path) is read-only: see why (dmesg), and mount -o remount,rw it"
        default: ""
        }
    }

    /// Where templates of disks are kept.
    package var diskTemplates: String { "\(path)/disk-templates" }
    /// Where each sandbox mounts its root, in its own namespace.
    package var rootPlace: String { "\(path)/root" }
    package var database: String { "\(path)/altp.db" }
    /// Where sandboxes that are made again for sessions have their own files.
    var sessions: String { "\(path)/sessions" }
    func session(_ id: Int64) -> AttemptDirectory { AttemptDirectory(path: "\(sessions)/\(id)") }
    var ballast: String { "\(path)/ballast" }
    func content(_ hash: String) -> String { "\(path)/content/\(hash)" }
    func processing(_ id: Int64) -> String { "\(path)/processings/\(id)" }
    /// What a Processing's directory is called from the moment that its removal cannot be undone.
    func beingRemoved(_ id: Int64) -> String { "\(processing(id)).removed" }
    /// What stays of a failure's directories.
    func remnant(_ id: Int64) -> String { "\(path)/remnants/\(id)" }
    func remnant(_ id: Int64, _ attempt: Chain.Attempt) -> AttemptDirectory {
        AttemptDirectory(path: "\(remnant(id))/\(attempt.script).\(attempt.number)")
    }
    /// What the Processing's Scripts share.
    func shared(_ id: Int64) -> String { "\(processing(id))/shared" }
    /// Where that lies from the moment that a run from the first Script is asked for, until it is removed.
    func sharedBefore(run: Int, of id: Int64) -> String { "\(shared(id)).before-run-\(run)" }
    func attempt(_ id: Int64, _ attempt: Chain.Attempt) -> AttemptDirectory {
        AttemptDirectory(path: "\(processing(id))/\(attempt.script).\(attempt.number)")
    }
}
