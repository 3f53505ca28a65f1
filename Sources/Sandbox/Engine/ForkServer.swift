import CLinux
import Glibc
import Linux
import SandboxPlan
import Synchronization

/// `altp-init`, executed once and forked for each sandbox: to execute and to set up the executable each time would take
/// longer than all else that a sandbox's pid 1 does before the Script runs.
///
/// It ends with this process, for it sees the end of the socket. The pid 1s that it made go on, and see by the end of a pipe
/// that nobody but themselves keeps their outcomes.
final class ForkServer: Sendable {
    private let executable: String
    /// The group that it and all that it makes are in; nil for this process's.
    private let group: String?
    /// Taken for the length of a request: the server does one after the other.
    private let process = Mutex<Server?>(nil)

    fileprivate struct Server: ~Copyable {
        let socket: FileDescriptor
        /// Held open.
        let lifeline: FileDescriptor
        /// Nobody else reaps it, so that the number stays its own.
        let pid: Int32

        deinit {
            // It has ended, or does so now; only it is reaped.
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }

    /// - Parameter group: a group of the unified hierarchy.
    init(_ executable: String, group: String?) {
        self.executable = executable
        self.group = group
    }

    /// Starts a pid 1 with these descriptors as its 0, 1, 2 …, and the server before it when there is none.
    ///
    /// - Parameters:
    ///   - gate: whose other side is the last of the descriptors.
    ///   - options: of `ForkRequest`.
    func start(_ descriptors: [Int32], gate: StartGate, options: UInt8) throws(SystemError) -> InitProcess {
        try process.withLock { server throws(SystemError) in
            if try server?.ask(descriptors, options) != true {
                // None yet, or it was ended, such as for want of memory.
                server = nil
                server = try Self.execute(executable, group)
                guard try server?.ask(descriptors, options) == true else {
                    throw SystemError("sendmsg", "the fork server \(executable)", number: ECONNRESET)
                }
            }
            do throws(SystemError) {
                return try server!.answer(gate)
            } catch {
                // Not asked again: it may have made the pid 1 before it ended. The next request gets a new one.
                server = nil
                throw error
            }
        }
    }

    private static func execute(_ executable: String, _ group: String?) throws(SystemError) -> Server {
        var ends: [Int32] = [-1, -1]
        try check("socketpair") { altp_message_sockets(&ends) }
        let own = FileDescriptor(owning: ends[0])
        let other = FileDescriptor(owning: ends[1])
        var pipe: [Int32] = [-1, -1]
        try check("pipe2") { altp_pipe(&pipe) }
        let reader = FileDescriptor(owning: pipe[0])
        let lifeline = FileDescriptor(owning: pipe[1])
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let group = try group.map { path throws(SystemError) in
            try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY).take()
        }
        let cgroup = FileDescriptor(owning: group ?? -1)
        let process = try InitProcess.spawn(
            executable, [ForkRequest.argument], [null.raw, null.raw, null.raw, other.raw, reader.raw], flags: 0,
            cgroup: cgroup.raw)
        return Server(socket: own, lifeline: lifeline, pid: process.pid)
    }
}

extension ForkServer.Server {
    /// - Returns: false when the server is gone.
    fileprivate borrowing func ask(_ descriptors: [Int32], _ options: UInt8) throws(SystemError) -> Bool {
        var options = options
        if altp_send_message(socket.raw, &options, 1, descriptors, Int32(descriptors.count)) == 1 { return true }
        guard errno == EPIPE || errno == ECONNRESET else { throw SystemError("sendmsg", "the fork server") }
        return false
    }

    fileprivate borrowing func answer(_ gate: StartGate) throws(SystemError) -> InitProcess {
        var numbers: [Int32] = [0, 0]
        var received = [Int32](repeating: -1, count: 16)
        var count: Int32 = 0
        let size = altp_receive_message(socket.raw, &numbers, 8, &received, &count)
        guard size == 8 else {
            throw SystemError("recvmsg", "the fork server, which has ended", number: size < 0 ? errno : ECONNRESET)
        }
        guard numbers[0] > 0, count == 1 else { throw SystemError("clone3", "altp-init", number: numbers[1]) }
        return InitProcess(pid: numbers[0], pidfd: FileDescriptor(owning: received[0]), gate: gate)
    }
}
