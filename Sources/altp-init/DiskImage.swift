import CLinux
import Glibc
import Linux

/// An ext4 image that the starter prepared, mounted where only this mount namespace sees it: it goes with the namespace,
/// whatever becomes of whom.
enum DiskImage {
    /// - Parameter readOnly: the image stays as it is; others may mount it so too, and nobody otherwise.
    static func mount(_ image: String, on directory: String, readOnly: Bool = false) throws(SystemError) {
        let file = try FileDescriptor.openWithoutLinks(image, readOnly ? O_RDONLY : O_RDWR)
        // Two mounts of one image would ruin it. The loop device keeps the file, and so the lock, open.
        guard flock(file.raw, (readOnly ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else { throw SystemError("flock", image) }
        let control = try FileDescriptor.open("/dev/loop-control", O_RDWR)
        var number: Int32 = -1
        let device = FileDescriptor(
            owning: try check("attach a loop device to", image) {
                altp_loop_attach(control.raw, file.raw, readOnly ? 1 : 0, &number)
            })
        // - discard, noinit_itable: what is removed inside gives its blocks back to the host; nothing zeroes what nobody
        //   wrote.
        // - resuid: what is reserved is nobody's, also not an overlay's, which writes as root.
        try check("mount", image) {
            Glibc.mount(
                "/dev/loop\(number)", directory, "ext4",
                UInt(MS_NOSUID | MS_NODEV | MS_NOATIME) | (readOnly ? UInt(MS_RDONLY) : 0),
                readOnly ? "noload" : "discard,noinit_itable,errors=remount-ro,resuid=65534")
        }
        _ = consume device
    }
}
