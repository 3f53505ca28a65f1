import Glibc
import Linux

/// The group that all of a session's processes are in, and nothing else.
struct SessionGroup {
    /// Open, for the host's files are out of sight later.
    private let directory: Int32
    /// Version 2 ends a whole group at once.
    private let kill: Int32
    /// Where it does not, no new processes may come while the others are ended.
    private let limit: Int32

    /// Some ten seconds, which processes need at most to end when the kernel does not hold them.
    private static let tries = 5000

    init(_ path: String) throws(SystemError) {
        directory = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY).take()
        kill = Self.openIfThere("cgroup.kill", in: directory)
        limit = Self.openIfThere("pids.max", in: directory)
    }

    private static func openIfThere(_ name: String, in directory: Int32) -> Int32 {
        guard let file = try? FileDescriptor.open(name, O_WRONLY, at: directory) else { return -1 }
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
            usleep(2000)
        }
    }

    /// Some of them, when there are many.
    private func pids() -> [pid_t] {
        // Opened each time: version 1 goes on telling an open file what it told first.
        guard let members = try? FileDescriptor.open("cgroup.procs", O_RDONLY, at: directory) else { return [] }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(members.raw, $0.baseAddress!, $0.count) }
        guard count > 0 else { return [] }
        let lines = String(decoding: buffer[..<count], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        // What follows the last newline may be the half of a number.
        return lines.dropLast().compactMap { pid_t($0) }.filter { $0 > 0 }
    }
}
