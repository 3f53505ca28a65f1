import CLinux
import Glibc
import Linux

/// An ext4 image, mounted read-only and attached to no place of any mount namespace.
enum DetachedImage {
    /// - Parameter patience: microseconds for which a sandbox that has the image is waited for.
    /// - Returns: the root directory. The mount and its loop device go with the last descriptor in it, whatever becomes of
    ///   this process.
    static func open(_ image: String, patience: Int) throws(SystemError) -> FileDescriptor {
        let file = try FileDescriptor.openWithoutLinks(image, O_RDONLY)
        // A sandbox's mount may be changing it. The loop device keeps the file, and so the lock, open.
        var waited = 0
        while flock(file.raw, LOCK_SH | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, waited < patience else { throw SystemError("flock", image) }
            usleep(10_000)
            waited += 10_000
        }
        let control = try FileDescriptor.open("/dev/loop-control", O_RDWR)
        var number: Int32 = -1
        let device = FileDescriptor(
            owning: try check("attach a loop device to", image) {
                altp_loop_attach(control.raw, file.raw, 1, &number)
            })
        var call: UnsafePointer<CChar>?
        let mount = altp_mount_detached("/dev/loop\(number)", &call)
        guard mount >= 0 else { throw SystemError(call.map { String(cString: $0) } ?? "mount", image) }
        _ = consume device
        return FileDescriptor(owning: mount)
    }
}
