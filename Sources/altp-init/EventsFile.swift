import Glibc
import Linux
import SandboxPlan

/// Where the Script appends its Events: a small file system in memory, so that it fills neither the host's disk nor ours.
struct EventsFile {
    private let descriptor: Int32
    private let limit: Int

    /// Makes it at a path of the sandbox, which is relative.
    init(path: String, owner: UInt32, limit: UInt64) throws(SystemError) {
        let folder = "\(path).d"
        try MountPoint.makeDirectories(folder, mode: 0o755)
        try check("mount", path) {
            mount(
                "tmpfs", folder, "tmpfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC),
                "mode=755,size=\(limit),nr_inodes=2")
        }
        let file = try FileDescriptor.open(
            "\(folder)/events.jsonl", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try check("fchown", path) { fchown(file.raw, owner, owner) }
        try Bind(source: "\(folder)/events.jsonl", target: path, flags: [.followLinks], map: nil).apply()
        self.limit = Int(limit)
        descriptor = file.take()
    }

    /// Copies what there is, durably, into the attempt's directory; nothing when it is empty.
    func keep(in directory: Int32) throws(SystemError) {
        var status = stat()
        try check("fstat", "events") { fstat(descriptor, &status) }
        guard status.st_size > 0 else { return }
        try check("lseek", "events") { lseek(descriptor, 0, SEEK_SET) }
        let source = FileDescriptor(owning: try check("dup", "events") { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) })
        let bytes = try source.readAll(limit: limit)
        let copy = try FileDescriptor.open(
            "events.jsonl", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600, at: directory)
        try copy.writeAll(bytes)
        try check("fsync", "events.jsonl") { fsync(copy.raw) }
    }
}
