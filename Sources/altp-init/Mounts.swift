import CLinux
import Glibc
import Linux
import SandboxPlan

/// Places in the sandbox's root, which is the working directory: every path is relative and follows no link.
enum MountPoint {
    /// mkdir(2) for every missing part of a path.
    static func makeDirectories(_ path: String, mode: UInt32) throws(SystemError) {
        _ = try open(path, directory: true, mode: mode)
    }

    /// Opens a path for mounting on it, and makes what is missing: directories, and an empty file at the end if need be.
    static func open(_ path: String, directory: Bool, mode: UInt32 = 0o755) throws(SystemError) -> FileDescriptor {
        let kind = UInt64(UInt32(bitPattern: altp_o_path | O_CLOEXEC | (directory ? O_DIRECTORY : 0)))
        let there = altp_openat2(AT_FDCWD, path.isEmpty ? "." : path, kind, 0, altp_resolve_no_symlinks)
        if there >= 0 { return FileDescriptor(owning: there) }
        guard errno == ENOENT else { throw SystemError("openat2", path) }
        let cut = path.lastIndex(of: "/")
        let name = String(path[(cut.map(path.index(after:)) ?? path.startIndex)...])
        let parent = try open(cut.map { String(path[..<$0]) } ?? ".", directory: true, mode: mode)
        if directory {
            try check("mkdir", path) { mkdirat(parent.raw, name, mode) }
        } else {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
            _ = try FileDescriptor.open(name, flags, mode: 0o644, at: parent.raw)
        }
        return FileDescriptor(
            owning: try check("openat2", path) { altp_openat2(parent.raw, name, kind, 0, altp_resolve_no_symlinks) })
    }

    /// A file of this content, in place of what is there: in an image that may be a link to anywhere.
    static func writeFile(_ path: String, _ content: String, mode: UInt32, owner: UInt32) throws(SystemError) {
        let parts = path.split(separator: "/").map(String.init)
        let parent = try open(parts.dropLast().joined(separator: "/"), directory: true)
        if unlinkat(parent.raw, parts.last ?? "", 0) != 0 && errno != ENOENT { throw SystemError("unlink", path) }
        let file = try FileDescriptor.open(
            parts.last ?? "", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, at: parent.raw)
        try file.writeAll(Array(content.utf8))
        try check("fchown", path) { fchown(file.raw, owner, owner) }
    }

    /// Hides a file behind the null device, or a directory behind an empty one; nothing when there is none.
    static func mask(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            try check("mount", path) {
                mount(
                    "tmpfs", path, "tmpfs", UInt(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC),
                    "size=0,nr_inodes=1,mode=555")
            }
        } else {
            try check("mount", path) { mount("dev/null", path, nil, UInt(MS_BIND), nil) }
        }
    }

    /// Nothing when there is none.
    static func makeReadOnly(_ path: String) throws(SystemError) {
        guard faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        let tree = try LinuxCall.cloneTree(AT_FDCWD, path, of: path, recursive: false)
        try check("mount_setattr", path) { LinuxCall.setMountAttributes(tree.raw, "", [.readOnly]) }
        let target = try FileDescriptor.open(path, altp_o_path | O_NOFOLLOW)
        try check("move_mount", path) { LinuxCall.attach(tree.raw, to: target.raw) }
    }
}

/// A bind mount: cloned from the host, given its flags while nobody can see it, then attached.
struct Bind {
    var source: String
    var target: String
    var flags: MountFlags
    var map: IdentityMap?

    func apply() throws(SystemError) {
        let tree = try cloned()
        var status = stat()
        try check("fstat", source) { fstat(tree.raw, &status) }
        if let map {
            let namespace = try UserNamespace.mapping(map)
            // Of a tree that has other mounts below, each must be able to: NFS cannot, tmpfs since Linux 6.3.
            try check("mount_setattr (idmap), which every file system at and below the source must support", source) {
                LinuxCall.setMountAttributes(tree.raw, "", flags, userNamespace: namespace.raw)
            }
        } else {
            try check("mount_setattr", source) { LinuxCall.setMountAttributes(tree.raw, "", flags) }
        }
        let place = try MountPoint.open(target, directory: status.st_mode & S_IFMT == S_IFDIR)
        try check("move_mount", target) { LinuxCall.attach(tree.raw, to: place.raw) }
    }

    private func cloned() throws(SystemError) -> FileDescriptor {
        let isRecursive = flags.contains(.recursive)
        if flags.contains(.followLinks) {
            return try LinuxCall.cloneTree(AT_FDCWD, source, of: source, recursive: isRecursive)
        }
        let origin = try FileDescriptor.openWithoutLinks(source, altp_o_path)
        return try LinuxCall.cloneTree(origin.raw, "", of: source, recursive: isRecursive)
    }
}

enum Device {
    static func make(_ path: String, major: UInt32, minor: UInt32) throws(SystemError) {
        try check("mknod", path) { LinuxCall.makeDevice(path, mode: S_IFCHR | 0o666, major, minor) }
    }

    static func make(
        _ path: String, _ kind: DeviceKind, major: UInt32, minor: UInt32, owner: UInt32
    ) throws(SystemError) {
        let parts = path.split(separator: "/")
        try MountPoint.makeDirectories(parts.dropLast().joined(separator: "/"), mode: 0o755)
        let type = kind == .character ? S_IFCHR : S_IFBLK
        try check("mknod", path) { LinuxCall.makeDevice(path, mode: type | 0o600, major, minor) }
        try check("lchown", path) { lchown(path, owner, owner) }
    }
}

enum UserNamespace {
    /// A user namespace for an idmapped mount: what is `onDisk` on the file system is `seen` by the host's kernel.
    ///
    /// - Parameter proc: where a procfs of this pid namespace is mounted; the sandbox's unless given.
    static func mapping(_ map: IdentityMap, proc: String = "proc") throws(SystemError) -> FileDescriptor {
        // A namespace needs a process to be made and mapped; it can go once the namespace is open.
        let holder = LinuxCall.fork(.user)
        if holder == 0 {
            while true { pause() }
        }
        try check("clone3", "a user namespace") { holder }
        defer {
            kill(holder, SIGKILL)
            waitpid(holder, nil, 0)
        }
        try writeControlFile("\(proc)/\(holder)/uid_map", Self.lines(map.uids))
        try writeControlFile("\(proc)/\(holder)/gid_map", Self.lines(map.gids))
        return try FileDescriptor.open("\(proc)/\(holder)/ns/user", O_RDONLY)
    }

    /// As user_namespaces(7) has it: an id inside (here: on disk), the id outside, how many.
    private static func lines(_ ranges: [IdentityMap.Range]) -> String {
        ranges.map { "\($0.onDisk) \($0.seen) \($0.count)\n" }.joined()
    }
}
