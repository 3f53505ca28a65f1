import Glibc
import Linux
import SandboxPlan

/// The namespaces of the sandbox's first process, kept open as long as pid 1 lives. Whoever joins the sandbox finds them
/// below `/proc/PID/fd`, as they were made: a Script may have left its own since.
enum ScriptNamespaces {
    /// Opens those that the process was born into: before it does anything.
    static func keep(of pid: pid_t, _ plan: Plan) throws(SystemError) {
        let folder = try FileDescriptor.open("/proc/\(pid)/ns", O_RDONLY | O_DIRECTORY)
        for name in ["user", "ipc", "uts"] + (plan.sharesNetwork ? [] : ["net"]) {
            _ = try FileDescriptor.open(name, O_RDONLY, at: folder.raw).take()
        }
    }

    /// Opens the cgroup namespace that the process has made for itself. It only shows groups and gives no power over them,
    /// so a Script that was quicker to make another one, or to end, does no harm.
    static func keepGroups(of pid: pid_t) {
        if let namespace = try? FileDescriptor.open("/proc/\(pid)/ns/cgroup", O_RDONLY) { _ = namespace.take() }
    }
}
