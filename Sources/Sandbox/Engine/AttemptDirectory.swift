import Configuration
import FoundationEssentials
import Glibc
import Linux
import SandboxPlan

/// Paths of an attempt's directory.
package struct AttemptDirectory: Sendable, Hashable {
    package var path: String

    package init(path: String) { self.path = path }

    package var specification: String { "\(path)/spec.json" }
    /// An empty directory: where the sandbox's root is mounted, in its own namespace; there unless all have one in common
    /// (`SandboxSettings.rootPlace`).
    package var root: String { "\(path)/root" }
    /// What pid 1 was told to do, readable: see `Plan`.
    package var plan: String { "\(path)/plan" }
    /// What `/processing` held when it was prepared, see `TreeRecord`; not there when that was nothing.
    var baseline: String { "\(path)/baseline" }
    /// Where its image lies, when its storage is one.
    var imageFolder: ImageFolder { ImageFolder(path: "\(path)/disk") }

    /// The Script's temporary directory; in an image only its sandbox sees it.
    package func scratch(_ storage: SandboxStorage) -> String { "\(place(storage))/scratch" }

    private func place(_ storage: SandboxStorage) -> String { storage == .images ? imageFolder.mountPoint : path }

    /// The directories in which its Script adds to the disk, and their owners in the host's numbers.
    func writable(_ specification: SandboxSpecification) -> [(path: String, owner: UInt32)] {
        let scratch = (path: scratch(specification.storage), owner: specification.identity.hostUID)
        guard specification.policy.rootfs != "host" else { return [scratch] }
        let overlay = overlay(specification.storage)
        // The owner and the mode of the root are those of the upper layer.
        return [scratch] + [overlay.upper, overlay.work].map { ($0, specification.identity.firstUID) }
    }

    /// Where the sandbox's changes of its rootfs go, where that is no `host`: an overlay's upper layer, whose whiteouts are
    /// character devices 0:0, and the overlay's own directory beside it.
    func overlay(_ storage: SandboxStorage) -> (upper: String, work: String) {
        ("\(place(storage))/upper", "\(place(storage))/work")
    }

    /// What the Script appended to `$ALTP_EVENTS`, once it has ended and when it did: hostile bytes.
    package var events: String { "\(path)/events.jsonl" }
    package var log: String { "\(path)/log" }
    /// Locked by pid 1 while it lives; with its pid in the host's numbers from when its command may have been executed.
    package var lock: String { "\(path)/lock" }
    package var outcome: String { "\(path)/outcome.json" }

    /// The name of the attempt's group: `42/calibrate#1` is `42.calibrate.1`.
    func groupName(_ reference: String) -> String {
        String(reference.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "." })
    }

    /// Creates the directory and what belongs into it before a start.
    ///
    /// - Parameter rootPlace: one that all have in common.
    func make(
        _ value: SandboxSpecification, storage: DiskStorage, rootPlace: String?
    ) throws(SandboxError) {
        do throws(SystemError) {
            try check("mkdir", path) { mkdir(path, 0o700) }
            if rootPlace == nil { try check("mkdir", root) { mkdir(root, 0o700) } }
            try storage.makeWritable(value, at: self)
            try makeLock()
            try writeSpecification(value)
        } catch {
            throw SandboxError("preparing the attempt \(value.reference): \(error)")
        }
    }

    func writeSpecification(_ value: SandboxSpecification) throws(SystemError) {
        let file = try FileDescriptor.open(specification, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try file.writeAll(Array(try encode(value)))
    }

    func makeLock() throws(SystemError) {
        let lock = try FileDescriptor.open(lock, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try lock.writeAll(Array(BootIdentity.current.prepared.utf8))
    }

    /// What its pid 1 was told to do.
    func readPlan() throws(SandboxError) -> Plan {
        do {
            return try Plan(text: try readFileBytes(plan))
        } catch {
            throw SandboxError("reading the attempt's plan \(plan): \(error)")
        }
    }

    private func encode(_ value: SandboxSpecification) throws(SystemError) -> String.UTF8View {
        do {
            return try value.json.utf8
        } catch {
            throw SystemError("encode", specification, number: EINVAL)
        }
    }

    package func readSpecification() throws(SandboxError) -> SandboxSpecification {
        do {
            return try JSONDecoder().decode(SandboxSpecification.self, from: Data(try readFileBytes(specification)))
        } catch {
            throw SandboxError("reading the attempt's specification \(specification): \(error)")
        }
    }
}

/// Which run of the host's kernel this is.
package struct BootIdentity: Sendable, Hashable {
    package var id: String

    package static let current = BootIdentity(
        id: ((try? readFile("/proc/sys/kernel/random/boot_id")) ?? "").filter { !$0.isWhitespace })

    /// What the lock file says until pid 1 writes its pid.
    var prepared: String { "prepared \(id)" }
}
