import CLinux
import Glibc
import Linux
import SandboxPlan

/// Calls without a glibc wrapper, in terms of this program.
enum LinuxCall {
    struct Namespaces: OptionSet {
        let rawValue: UInt64

        static let user = Namespaces(rawValue: altp_clone_newuser)
        static let network = Namespaces(rawValue: altp_clone_newnet)
        static let ipc = Namespaces(rawValue: altp_clone_newipc)
        static let uts = Namespaces(rawValue: altp_clone_newuts)
        static let mount = Namespaces(rawValue: altp_clone_newns)
    }

    /// fork(2) into new namespaces and, when `group` is not negative, into that group of the unified hierarchy.
    static func fork(_ namespaces: Namespaces, group: Int32 = -1) -> pid_t { altp_fork(namespaces.rawValue, group) }

    static func pivotRoot(_ root: String, _ old: String) -> Int32 { altp_pivot_root(root, old) }

    /// open_tree(2): a copy of the mounts at `path` that is attached nowhere.
    static func cloneTree(
        _ directory: Int32, _ path: String, of subject: String, recursive: Bool
    ) throws(SystemError) -> FileDescriptor {
        let flags = altp_open_tree_clone | (recursive ? altp_at_recursive : 0) | (path.isEmpty ? altp_at_empty_path : 0)
        return FileDescriptor(owning: try check("open_tree", subject) { altp_open_tree(directory, path, flags) })
    }

    static func attach(_ tree: Int32, to place: Int32) -> Int32 {
        altp_move_mount(tree, "", place, "", altp_move_mount_f_empty_path | altp_move_mount_t_empty_path)
    }

    static func setMountAttributes(
        _ directory: Int32, _ path: String, _ flags: MountFlags, userNamespace: Int32 = -1
    ) -> Int32 {
        var attributes: UInt64 = 0
        if flags.contains(.readOnly) { attributes |= altp_mount_attr_rdonly }
        if flags.contains(.noSetUID) { attributes |= altp_mount_attr_nosuid }
        if flags.contains(.noDevices) { attributes |= altp_mount_attr_nodev }
        if flags.contains(.noExecute) { attributes |= altp_mount_attr_noexec }
        if userNamespace >= 0 { attributes |= altp_mount_attr_idmap }
        let place = (path.isEmpty ? altp_at_empty_path : 0) | (flags.contains(.recursive) ? altp_at_recursive : 0)
        return altp_mount_setattr(directory, path, place, attributes, 0, userNamespace)
    }

    /// - Parameter mode: with the type of the node.
    static func makeDevice(_ path: String, mode: UInt32, _ major: UInt32, _ minor: UInt32) -> Int32 {
        altp_make_device(path, mode, major, minor)
    }

    static func unshareMounts() -> Int32 { altp_unshare(altp_clone_newns) }
    static func unshareGroupNamespace() -> Int32 { altp_unshare(altp_clone_newcgroup) }
    /// setns(2), whatever the namespace's kind.
    static func enter(_ namespace: Int32) -> Int32 { altp_setns(namespace, 0) }
    static func pipe(_ ends: inout [Int32]) -> Int32 { altp_pipe(&ends) }
    static func becomeUser(_ uid: UInt32) -> Int32 { altp_setresuid(uid) }
    static func becomeGroup(_ gid: UInt32) -> Int32 { altp_setresgid(gid) }
    static func loopbackUp() -> Int32 { altp_loopback_up() }
    static func prctl(_ option: Int32, _ argument: UInt) -> Int32 { altp_prctl(option, argument) }

    /// Drops every capability but, when `canReadFilters`, the one that `withNetworkAdministration` needs; that one is put
    /// aside, not in effect.
    static func dropCapabilities(canReadFilters: Bool) -> Int32 {
        canReadFilters ? altp_capset(altp_cap_net_admin, 0, 0) : altp_capset(0, 0, 0)
    }

    /// Runs the body with the capability that the kernel wants of whoever asks it about packet filters.
    static func withNetworkAdministration<Result>(_ body: () -> Result) -> Result {
        _ = altp_capset(altp_cap_net_admin, altp_cap_net_admin, 0)
        defer { _ = altp_capset(0, 0, 0) }
        return body()
    }

    static func unshareNetwork() -> Int32 { altp_unshare(altp_clone_newnet) }
    static func enterNetwork(_ descriptor: Int32) -> Int32 { altp_setns(descriptor, altp_clone_newnet) }
    static func addIPv6(_ interface: String, _ address: String, _ gateway: String) -> Int32 {
        altp_interface_ipv6(interface, address, gateway)
    }

    /// These become permitted, effective and inheritable, and no others.
    static func setCapabilities(_ set: UInt64) -> Int32 { altp_capset(set, set, set) }
    /// 1 puts a capability into effect, 0 out of it; gives what it was.
    static func setEffective(_ capability: Int32, _ on: Int32) -> Int32 { altp_set_effective(capability, on) }
    static func raiseAmbient(_ capability: UInt) -> Int32 { altp_raise_ambient(capability) }
}

/// A system call that the filter sent to pid 1 and that waits for an answer.
struct DeniedCall {
    var id: UInt64
    var architecture: UInt32
    var number: Int32
    var arguments: [UInt64]
}

extension LinuxCall {
    static func openProcess(_ pid: pid_t) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try check("pidfd_open") { altp_pidfd_open(pid) })
    }

    static func takeDescriptor(_ number: Int32, of process: Int32) -> Int32 { altp_pidfd_getfd(process, number) }
    static func closeRange(_ first: UInt32, _ last: UInt32) -> Int32 { altp_close_range(first, last) }

    /// prlimit(2): raising a limit takes a capability over the host, which the child no longer has.
    static func setResourceLimit(_ limit: ResourceLimit, of pid: pid_t) -> Int32 {
        var value = rlimit(
            rlim_cur: rlim_t(truncatingIfNeeded: limit.soft), rlim_max: rlim_t(truncatingIfNeeded: limit.hard))
        return altp_prlimit(pid, limit.resource, &value)
    }

    /// The listener's descriptor, or -1.
    static func installFilter(_ program: UnsafeRawPointer, _ instructions: Int, flags: UInt32) -> Int32 {
        altp_seccomp_install(program, instructions, flags)
    }

    static func receiveDeniedCall(_ listener: Int32) -> DeniedCall? {
        var call = altp_seccomp_call()
        guard altp_seccomp_receive(listener, &call) == 0 else { return nil }
        let arguments = withUnsafeBytes(of: call.arguments) { Array($0.bindMemory(to: UInt64.self)) }
        return DeniedCall(
            id: call.id, architecture: call.architecture, number: call.number, arguments: arguments)
    }

    static func answerDeniedCall(_ listener: Int32, _ id: UInt64, error: Int32) {
        // It fails when the caller was killed meanwhile; nothing is left to answer then.
        _ = altp_seccomp_answer(listener, id, error)
    }

    /// Lets the call go on. Only where nothing is to be denied: what its arguments point to may have changed meanwhile.
    static func proceedWithCall(_ listener: Int32, _ id: UInt64) { _ = altp_seccomp_proceed(listener, id) }
}
