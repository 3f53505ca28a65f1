import Glibc
import Linux

extension RunningSandbox {
    /// Whether a process of the host is in this sandbox: in the pid namespace of its pid 1, or in one below that. False for
    /// one that is gone.
    ///
    /// Nothing outlives a pid namespace's first process, and nothing gets into one from outside but by the Launcher.
    package func contains(process: Int32) -> Bool {
        guard let own = try? Self.namespace(of: pid), let wanted = Self.identity(own.raw),
            let first = try? Self.namespace(of: process)
        else { return false }
        var descriptor = first.take()
        defer { close(descriptor) }
        // The kernel nests them no deeper.
        for _ in 0..<32 {
            guard let found = Self.identity(descriptor) else { return false }
            if found == wanted { return true }
            // ioctl_ns(2), NS_GET_PARENT: refused beyond our own.
            let parent = ioctl(descriptor, 0xb702)
            guard parent >= 0 else { return false }
            close(descriptor)
            descriptor = parent
        }
        return false
    }

    private static func namespace(of process: Int32) throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open("/proc/\(process)/ns/pid", O_RDONLY)
    }

    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t
    }

    private static func identity(_ namespace: Int32) -> Identity? {
        var status = stat()
        return fstat(namespace, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }
}
