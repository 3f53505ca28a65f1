import Configuration
import Glibc
import Linux
import Sandbox

/// A directory for one run, which nobody else can look into.
struct Workplace {
    let path: String

    var attempt: AttemptDirectory { AttemptDirectory(path: "\(path)/attempt") }

    /// Removes it; what cannot be removed lies in a folder beside it.
    func remove() throws(SandboxError) -> Leftover? {
        try SandboxEngine.removeTreeNow(path, leftovers: "altp-run-leftover")
    }

    /// Where runs have their directories.
    static var parent: String { getenv("ALTP_RUN_DIR").map { String(cString: $0) } ?? "/var/tmp" }

    static func make() throws(SandboxError) -> Workplace {
        var template = Array("\(parent)/altp-run-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SandboxError(
                "making a directory for the run: \(SystemError("mkdtemp", parent)). Give another with ALTP_RUN_DIR")
        }
        return Workplace(path: String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

/// A block of uids that no other run has: those after the Launcher's default range, held by a lock.
struct IdentitySlot: ~Copyable {
    let identity: SandboxIdentity
    private let lock: FileDescriptor
    static let folder = "/run/altp-run"

    /// Takes a block that is free.
    ///
    /// - Parameter clear: clears up after the run that had the block before and was ended too soon to do it itself; says
    ///   false when that run's sandbox is still there, and then its block is passed by.
    static func take(clear: (Workplace) -> Bool) throws(SandboxError) -> IdentitySlot {
        for index in 0..<UIDRange.runBlocks {
            guard let lock = try lock(index) else { continue }
            let text: [UInt8]
            do throws(SystemError) {
                text = try lock.readAll(limit: 4096)
            } catch {
                throw SandboxError("reading what the run before left in \(folder)/\(index): \(error)")
            }
            let earlier = Workplace(path: String(decoding: text, as: UTF8.self))
            if !text.isEmpty, !clear(earlier) { continue }
            let range = UIDRange()
            let first = range.first + (range.blocks + index) * UIDRange.blockSize
            let slot = IdentitySlot(identity: SandboxIdentity(firstUID: first), lock: lock)
            try slot.record(nil)
            return slot
        }
        throw SandboxError("taking a block of uids: all \(UIDRange.runBlocks) are in use by other runs")
    }

    /// Notes the run's directory, for the next run that gets this block should this one be killed.
    func record(_ workplace: Workplace?) throws(SandboxError) {
        do throws(SystemError) {
            try check("ftruncate") { ftruncate(lock.raw, 0) }
            try check("lseek") { lseek(lock.raw, 0, SEEK_SET) }
            if let workplace { try lock.writeAll(Array(workplace.path.utf8)) }
        } catch {
            throw SandboxError("noting the run's directory in its lock below \(Self.folder): \(error)")
        }
    }

    /// The block's lock; nil when another run has it.
    private static func lock(_ index: UInt32) throws(SandboxError) -> FileDescriptor? {
        do throws(SystemError) {
            if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", folder) }
            let lock = try FileDescriptor.open("\(folder)/\(index)", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else { return nil }
            return lock
        } catch {
            throw SandboxError("taking a block of uids: \(error). altp run needs root")
        }
    }
}
