import CLinux
import Glibc
import Linux

/// A program of the host's that does a part of our work, such as mkfs: run to its end, in bounded time.
struct HostProgram {
    struct Result {
        /// As a shell gives it: 128+n for signal n.
        var status: Int32
        /// What it printed and complained of, at most 64 KiB.
        var output: String
    }

    /// Absolute path.
    let path: String

    /// Finds a program where Debian has it; nil when it is not installed.
    static func find(_ name: String) -> HostProgram? {
        for folder in ["/usr/sbin", "/sbin", "/usr/bin", "/bin"] where access("\(folder)/\(name)", X_OK) == 0 {
            return HostProgram(path: "\(folder)/\(name)")
        }
        return nil
    }

    /// Blocks its thread until the program has ended; after `seconds` it is killed, which is a status of 137.
    ///
    /// - Parameter lock: a descriptor that the program keeps open until its end, also when this process is killed.
    func run(_ arguments: [String], seconds: Int = 60, holding lock: Int32? = nil) throws(SystemError) -> Result {
        let output = try FileDescriptor.memory("output", [])
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let descriptors = [null.raw, output.raw, output.raw] + (lock.map { [$0] } ?? [])
        var pidfd: Int32 = -1
        var call: UnsafePointer<CChar>?
        var vector: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        vector.append(nil)
        var environment: [UnsafeMutablePointer<CChar>?] = [
            strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), strdup("LC_ALL=C.UTF-8"), nil,
        ]
        defer { (vector + environment).forEach { free($0) } }
        let pid = altp_spawn(path, &vector, &environment, descriptors, Int32(descriptors.count), 0, -1, &pidfd, &call)
        guard pid > 0 else { throw SystemError(call.map { String(cString: $0) } ?? "clone3", path) }
        let process = FileDescriptor(owning: pidfd)
        var polled = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
        if try check("poll", path, { poll(&polled, 1, Int32(clamping: seconds * 1000)) }) == 0 {
            _ = altp_pidfd_send_signal(process.raw, SIGKILL)
        }
        var info = siginfo_t()
        try check("waitid", path) { waitid(P_PIDFD, id_t(process.raw), &info, WEXITED) }
        let status = info._sifields._sigchld.si_status
        try check("lseek", path) { lseek(output.raw, 0, SEEK_SET) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = bytes.withUnsafeMutableBytes { read(output.raw, $0.baseAddress!, $0.count) }
        return Result(
            status: info.si_code == CLD_EXITED ? status : 128 + status,
            output: String(decoding: bytes[..<max(count, 0)], as: UTF8.self))
    }

    /// `run`, where any status but these is a failure.
    func require(
        _ arguments: [String], statuses: ClosedRange<Int32> = 0...0, holding lock: Int32? = nil
    ) throws(SandboxError) {
        let result: Result
        do throws(SystemError) {
            result = try run(arguments, holding: lock)
        } catch {
            throw SandboxError("running \(path): \(error)")
        }
        guard statuses.contains(result.status) else {
            // What it says of itself comes first, what it failed at in the middle, advice last.
            let said = result.output.split(separator: "\n").prefix(12).joined(separator: "; ")
            throw SandboxError(
                "running \(path) \(arguments.joined(separator: " ")): status \(result.status)"
                    + (said.isEmpty ? "" : ": \(said)"))
        }
    }
}
