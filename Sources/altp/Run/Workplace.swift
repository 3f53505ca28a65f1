import Configuration
import Glibc
import Linux
import Sandbox

/// A directory for one run, which nobody else can look into.
struct Workplace {
    let path: String

    static func make() throws(SandboxError) -> Workplace {
        let parent = getenv("ALTP_RUN_DIR").map { String(cString: $0) } ?? "/var/tmp"
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

    static func take() throws(SandboxError) -> IdentitySlot {
        let folder = "/run/altp-run"
        do throws(SystemError) {
            if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", folder) }
            for index in 0..<UIDRange.runBlocks {
                let lock = try FileDescriptor.open("\(folder)/\(index)", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
                guard flock(lock.raw, LOCK_EX | LOCK_NB) == 0 else { continue }
                let range = UIDRange()
                let first = range.first + (range.blocks + index) * UIDRange.blockSize
                return IdentitySlot(identity: SandboxIdentity(firstUID: first), lock: lock)
            }
        } catch {
            throw SandboxError("taking a block of uids: \(error). altp run needs root")
        }
        throw SandboxError("taking a block of uids: all \(UIDRange.runBlocks) are in use by other runs")
    }
}
