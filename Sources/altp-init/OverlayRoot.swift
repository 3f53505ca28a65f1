import CLinux
import Glibc
import Linux
import SandboxPlan

/// A root of two layers: an image that stays as it is, and a directory that takes what is written.
struct OverlayRoot {
    var directory: String
    var layers: OverlayLayers
    var map: IdentityMap

    /// Mounts it and makes it the working directory.
    func make() throws(SystemError) {
        // The overlay takes only layers that are mounted somewhere: the image goes to where the overlay will hide it.
        try attachLower()
        let overlay = try Overlay(lower: try open(directory), layers: layers)
        if layers.middle != nil { try overlay.adoptOwner(layers.upper) }
        try overlay.mount(on: directory, named: layers.lower)
        try check("chdir", directory) { chdir(directory) }
    }

    private func attachLower() throws(SystemError) {
        let image = try open(layers.lower)
        let tree = try LinuxCall.cloneTree(image.raw, "", of: layers.lower, recursive: false)
        let namespace = try mapping()
        try check("mount_setattr (idmap)", layers.lower) {
            LinuxCall.setMountAttributes(
                tree.raw, "", [.readOnly, .noSetUID, .noDevices], userNamespace: namespace.raw)
        }
        let place = try open(directory)
        try check("move_mount", directory) { LinuxCall.attach(tree.raw, to: place.raw) }
    }

    /// The host's /proc knows processes by the host's numbers: one of this namespace is there for a moment.
    private func mapping() throws(SystemError) -> FileDescriptor {
        try check("mount", directory) {
            mount("proc", directory, "proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil)
        }
        let namespace = try UserNamespace.mapping(map, proc: directory)
        try check("umount2", directory) { umount2(directory, Int32(MNT_DETACH)) }
        return namespace
    }

    private func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open(path, altp_o_path | O_DIRECTORY)
    }
}
