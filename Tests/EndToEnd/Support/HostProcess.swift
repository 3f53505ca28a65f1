import FoundationEssentials
import Glibc

/// Looks at the host's processes and groups, through /proc and /sys.
enum HostProcess {
    /// A process with exactly these arguments; nil when there is none.
    static func find(commandLine: [String]) -> pid_t? {
        let wanted = Data(commandLine.map { $0 + "\0" }.joined().utf8)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = pid_t(name), let line = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")) else {
                continue
            }
            if line == wanted { return pid }
        }
        return nil
    }

    static func all() -> [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    }

    static func waitFor(commandLine: [String], seconds: Double = 10) -> pid_t? {
        let deadline = Deadline(seconds: seconds)
        while !deadline.isOver {
            if let pid = find(commandLine: commandLine) { return pid }
            usleep(5000)
        }
        return nil
    }

    static func parent(of pid: pid_t) -> pid_t? { (try? status(of: pid))?["PPid"].flatMap { pid_t($0) } }

    /// The one from which a Launcher's sandboxes are forked.
    static func isForkServer(_ pid: pid_t) -> Bool {
        guard let line = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")) else { return false }
        return String(decoding: line, as: UTF8.self).hasSuffix("altp-init\0fork-server\0")
    }

    static func status(of pid: pid_t) throws -> [String: String] {
        var fields: [String: String] = [:]
        for line in try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1].drop { $0.isWhitespace }) }
        }
        return fields
    }

    /// What the namespace's link says: `user:[4026531837]`.
    static func namespace(_ name: String, of pid: pid_t) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(name)")
    }

    static func descriptors(of pid: pid_t) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").sorted()
    }

    /// Groups with a name that begins so, in any hierarchy.
    static func groups(below root: String, named prefix: String) -> [String] {
        FileTree.paths(below: root).filter { path in
            FileTree.lastPart(path).hasPrefix(prefix) && access("\(root)/\(path)/cgroup.procs", F_OK) == 0
        }
    }
}
