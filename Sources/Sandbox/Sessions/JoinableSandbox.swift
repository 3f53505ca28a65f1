import CLinux
import Glibc
package import Linux

/// A live sandbox that sessions can join.
package protocol JoinableSandbox: AnyObject, Sendable {
    /// Its pid 1, in the host's numbers.
    var pid: Int32 { get }
    var pidfd: FileDescriptor { get }
    /// Where its plan lies.
    var directory: AttemptDirectory { get }
}

extension JoinableSandbox {
    /// Its pid 1 is gone.
    var hasEnded: Bool { hasEnded(within: 0) }

    /// - Parameter milliseconds: how long it is waited for.
    func hasEnded(within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, milliseconds) > 0
    }
}

/// The namespaces of a sandbox, open, in the order in which a session's joiner takes them.
struct JoinedNamespaces: ~Copyable {
    /// Mounts and pids, then what the session's first process enters, its user namespace last.
    let descriptors: [Int32]

    deinit { descriptors.forEach { close($0) } }

    /// Opens those of pid 1, which a Script cannot change, and those that pid 1 has kept of the Script.
    ///
    /// - Parameter leavingOut: kinds that the session does not enter: `net`, `cgroup`.
    init(of sandbox: any JoinableSandbox, leavingOut: Set<String>) throws(SandboxError) {
        var opened: [Int32] = []
        do throws(SystemError) {
            let process = try FileDescriptor.open("/proc/\(sandbox.pid)", O_RDONLY | O_DIRECTORY)
            let kept = try Self.kept(by: process, of: sandbox)
            for kind in ["mnt", "pid"] {
                opened.append(try FileDescriptor.open("ns/\(kind)", O_RDONLY, at: process.raw).take())
            }
            for kind in ["cgroup", "ipc", "uts", "net", "user"] where !leavingOut.contains(kind) {
                // Without a network namespace of its own: the host's, or the one of a network list. Pid 1 is in it itself.
                let path = kept[kind] ?? "ns/\(kind)"
                opened.append(try FileDescriptor.open(path, O_RDONLY, at: process.raw).take())
            }
            // Still alive: so the number was not given to another process before we opened it.
            guard !sandbox.hasEnded else { throw SystemError("join", "the sandbox", number: ESRCH) }
        } catch {
            opened.forEach { close($0) }
            throw SandboxError("opening the sandbox's namespaces: \(error)")
        }
        descriptors = opened
    }

    /// How long a sandbox may take to be made.
    private static let patience = 20_000

    /// Waits until pid 1 has kept all of them. Before that its mounts may still be the host's.
    private static func kept(
        by process: borrowing FileDescriptor, of sandbox: any JoinableSandbox
    ) throws(SystemError) -> [String: String] {
        for _ in 0..<patience / 5 {
            let kept = try kept(by: process)
            // The last one that it opens.
            if kept["cgroup"] != nil, kept["user"] != nil, kept["ipc"] != nil, kept["uts"] != nil { return kept }
            if sandbox.hasEnded(within: 5) { throw SystemError("join", "the sandbox", number: ESRCH) }
        }
        throw SystemError(
            "its pid 1 keeps no namespaces open: it is still being made, or was started by an earlier version",
            number: 0)
    }

    /// Paths below the process's directory, by kind.
    private static func kept(by process: borrowing FileDescriptor) throws(SystemError) -> [String: String] {
        var kept: [String: String] = [:]
        let folder = try FileDescriptor.open("fd", O_RDONLY | O_DIRECTORY, at: process.raw)
        for name in try DirectoryEntries.read(folder.raw, path: "fd") {
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = buffer.withUnsafeMutableBytes { readlinkat(folder.raw, name, $0.baseAddress!, $0.count) }
            guard count > 0 else { continue }
            let parts = String(decoding: buffer[..<count], as: UTF8.self).split(separator: ":")
            guard parts.count == 2, parts[1].hasPrefix("[") else { continue }
            let number = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            kept[String(parts[0])] = "fd/\(number)"
        }
        return kept
    }
}
