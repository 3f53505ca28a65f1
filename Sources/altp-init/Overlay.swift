import CLinux
import Glibc
import Linux
import SandboxPlan

/// A mount of two or three layers, of which the first takes what is written and the others stay as they are.
struct Overlay: ~Copyable {
    private let lower: FileDescriptor
    /// -1 where there are two layers alone.
    private let middle: Int32
    private let upper: FileDescriptor
    private let work: FileDescriptor

    /// - Parameter lower: in place of the one that the layers name.
    init(lower: consuming FileDescriptor, layers: OverlayLayers) throws(SystemError) {
        let upper = try Self.open(layers.upper)
        let work = try Self.open(layers.work)
        let middle = try layers.middle.map { path throws(SystemError) in try Self.open(path).take() } ?? -1
        self.lower = lower
        self.upper = upper
        self.work = work
        self.middle = middle
    }

    deinit { if middle >= 0 { close(middle) } }

    init(_ layers: OverlayLayers) throws(SystemError) {
        try self.init(lower: Self.open(layers.lower), layers: layers)
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open(path, altp_o_path | O_DIRECTORY | O_NOFOLLOW)
    }

    /// - Parameter name: what the mount is called, for the error.
    func mount(on directory: String, named name: String) throws(SystemError) {
        forgetVolatile()
        // By descriptor, so that no path needs quoting and none of the host's shows in the sandbox's list of mounts.
        // - nofollow, metacopy, index: what an image's extended attributes say of other files is not believed.
        // - volatile: else the end of every sandbox would wait until the whole file system is written back, for files that
        //   are no more durable in /scratch.
        let under = (middle >= 0 ? "/proc/self/fd/\(middle):" : "") + Self.path(lower)
        let options =
            "lowerdir=\(under),upperdir=\(Self.path(upper)),workdir=\(Self.path(work)),"
            + "redirect_dir=nofollow,metacopy=off,index=off,volatile"
        // The overlay writes with what its mounter may, and who has this capability is held to no quota and no reserve.
        let had = try check("capset", name) { LinuxCall.setEffective(altp_cap_sys_resource, 0) }
        let result = Glibc.mount("overlay", directory, "overlay", UInt(MS_NOSUID | MS_NODEV), options)
        let failure = errno
        try check("capset", name) { LinuxCall.setEffective(altp_cap_sys_resource, had) }
        guard result == 0 else { throw SystemError("mount (overlay)", name, number: failure) }
    }

    /// Makes the upper directory look like the one below, whose place it takes.
    func adoptOwner(_ path: String) throws(SystemError) {
        var status = stat()
        try check("fstat", path) { fstat(below, &status) }
        let directory = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY, at: upper.raw)
        try check("fchown", path) { fchown(directory.raw, status.st_uid, status.st_gid) }
        try check("fchmod", path) { fchmod(directory.raw, status.st_mode & 0o7777) }
    }

    /// The kernel refuses what an earlier volatile mount has left, for it cannot know whether all of it came to the disk.
    /// What an attempt left is looked at as it is.
    private func forgetVolatile() {
        let mark = "work/incompat/volatile"
        // A file or a directory, as the kernel has it.
        if unlinkat(work.raw, "\(mark)/dirty", 0) != 0 { unlinkat(work.raw, "\(mark)/dirty", AT_REMOVEDIR) }
        unlinkat(work.raw, mark, AT_REMOVEDIR)
    }

    /// The first of the layers that stay as they are.
    private var below: Int32 { middle >= 0 ? middle : lower.raw }

    private static func path(_ layer: borrowing FileDescriptor) -> String { "/proc/self/fd/\(layer.raw)" }
}
