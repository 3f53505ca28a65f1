import Glibc

/// What a file system has room for, in bytes, for others than root: statvfs(3).
package struct VolumeSpace: Sendable, Hashable {
    package var total: Int64
    package var free: Int64

    package init(of path: String) throws(SystemError) {
        var status = statvfs()
        try check("statvfs", path) { statvfs(path, &status) }
        let block = Int64(status.f_frsize)
        // What only root may use is no room for Scripts.
        let usable = status.f_blocks - (status.f_bfree - status.f_bavail)
        total = Int64(clamping: usable) * block
        free = Int64(clamping: status.f_bavail) * block
    }
}
