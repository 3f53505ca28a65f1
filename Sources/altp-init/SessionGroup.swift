import Glibc
import Linux

/// The group that all of a session's processes are in, and nothing else.
struct SessionGroup {
    private let members: Int32
    /// Version 2 ends a whole group at once.
    private let kill: Int32
    /// Where it does not, no new processes may come while the others are ended.
    private let limit: Int32

    /// Some ten seconds, which processes need at most to end when the kernel does not hold them.
    private static let tries = 1000

    init(_ directory: String) throws(SystemError) {
        members = try FileDescriptor.open("\(directory)/cgroup.procs", O_RDONLY).take()
        kill = Self.openIfThere("\(directory)/cgroup.kill")
        limit = Self.openIfThere("\(directory)/pids.max")
    }

    private static func openIfThere(_ path: String) -> Int32 {
        guard let file = try? FileDescriptor.open(path, O_WRONLY) else { return -1 }
        return file.take()
    }

    /// Ends all of it, and returns when nothing of it is left.
    func end() {
        if limit >= 0 { _ = write(limit, "0", 1) }
        for _ in 0..<Self.tries {
            while waitpid(-1, nil, WNOHANG) > 0 {}
            let pids = pids()
            if pids.isEmpty { return }
            if kill < 0 || write(kill, "1", 1) != 1 {
                for pid in pids { _ = Glibc.kill(pid, SIGKILL) }
            }
            usleep(10_000)
        }
    }

    /// Some of them, when there are many.
    private func pids() -> [pid_t] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { pread(members, $0.baseAddress!, $0.count, 0) }
        guard count > 0 else { return [] }
        let lines = String(decoding: buffer[..<count], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        // What follows the last newline may be the half of a number.
        return lines.dropLast().compactMap { pid_t($0) }.filter { $0 > 0 }
    }
}
