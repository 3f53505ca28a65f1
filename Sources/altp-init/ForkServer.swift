import CLinux
import Glibc
import Linux
import SandboxPlan

/// Starts the pid 1s of a Launcher: by fork from this one process, which has been executed, linked and set up already.
///
/// Each request is a message with the descriptors that the new pid 1 gets, from 0 on, the last of them its gate; the answer is
/// its pid and a pidfd. The server ends with its Launcher, the sandboxes do not.
enum ForkServer {
    /// The socket to the Launcher. No child keeps it, so that the Launcher sees its end when the server ends.
    private static let socket: Int32 = 3
    /// A pipe whose other end the Launcher holds.
    private static let lifeline: Int32 = 4
    private static let mostDescriptors = 16

    /// What a pid 1 gets beside what its sandbox needs.
    struct Descriptors {
        /// Of its `StartGate`.
        var gate: Int32
        /// Hangs up when the Launcher is gone.
        var lifeline: Int32
    }

    /// Answers requests until the Launcher is gone. Returns in each child, a pid 1.
    static func serve() -> Descriptors {
        // The kernel reaps: who ended is told by its pidfd.
        signal(SIGCHLD, SIG_IGN)
        warmUp()
        var descriptors = [Int32](repeating: -1, count: mostDescriptors)
        while true {
            var options: UInt8 = 0
            var count: Int32 = 0
            guard altp_receive_message(socket, &options, 1, &descriptors, &count) == 1 else { exit(EXIT_SUCCESS) }
            let received = descriptors[..<Int(count)]
            var process: Int32 = -1
            let namespaces = options & ForkRequest.isBare != 0 ? 0 : altp_clone_newns | altp_clone_newpid
            let pid = altp_fork_watched(namespaces, &process)
            if pid == 0 {
                if options & ForkRequest.tracesPhases != 0 { PhaseTrace.begin() }
                return becomeInit(received)
            }
            let answer = [pid, pid < 0 ? errno : 0]
            _ = altp_send_message(socket, answer, 8, &process, pid > 0 ? 1 : 0)
            for descriptor in received { close(descriptor) }
            if pid > 0 { close(process) }
        }
    }

    /// What the runtime makes of a generic type when it is first used, it makes once here and not in each child.
    private static func warmUp() {
        let text =
            "step\tdir\t/\t755\nstep\tbind\t/\t/\tro,nosuid\nstep\tjoin\tv1\t/\nstep\twatch\tcpu.stat\t/\n"
            + "step\ttmpfs\t/tmp\t1777\t1\t1\nstep\tdevice\t/dev/null\t1\t3\nhostname\ta name of some length\n"
            + "env\tA=B\nrlimit\t0\t0\t0\nnewest\t1\t1\ndenial\t1\t1\t1\n"
        guard let file = try? FileDescriptor.memory("plan", Array(text.utf8)), lseek(file.raw, 0, SEEK_SET) == 0,
            let bytes = try? file.readAll(limit: 8 << 20), let plan = try? Plan(text: bytes)
        else { preconditionFailure("a plan's text is not read") }
        for step in plan.steps { _ = step.fields.prefix(3).joined(separator: " ") }
        // What fails on the way of most: a place that is not there yet.
        _ = try? setup { () throws(SystemError) in try FileDescriptor.open("/proc/self/none/none", O_RDONLY) }
        _ = try? FileDescriptor.openWithoutLinks("/proc/self", O_RDONLY | O_DIRECTORY)
        if let pipe = try? Pipe.make() { [pipe.reader, pipe.writer].forEach { close($0) } }
        var log = LogWriter(directory: AT_FDCWD, limit: 0)
        log.finish()
        var surroundings = Surroundings()
        surroundings.counters = [:]
        var report = InitReport()
        Counters(surroundings.counters).fill(&report)
        report.denials = Denials(plan.filter).all
        var disk = DiskWatch([], bytes: 0, inodes: 0)
        disk.look()
        let paths = "/a:/b".split(separator: ":").map { "\($0)/c" }
        _ = CStrings(paths).pointers
        for path in paths.map({ strdup($0)! }) { free(path) }
        var signals: Set<Int32> = []
        signals.insert(SIGTERM)
        _ = [pollfd()].map(\.fd)
        _ = [CgroupFile.cpuStat: Int32(0)]
        _ = report.json
    }

    /// As after `altp_spawn`: these descriptors and no others, signals as they are by default.
    private static func becomeInit(_ received: ArraySlice<Int32>) -> Descriptors {
        signal(SIGCHLD, SIG_DFL)
        setsid()
        // In a list of processes it is no server.
        if let argument = CommandLine.unsafeArgv[1] { memset(argument, 0, strlen(argument)) }
        let last = Int32(received.count)
        // Two passes, so that a descriptor that is wanted lower is not overwritten first.
        let moved = (received + [lifeline]).map { fcntl($0, F_DUPFD_CLOEXEC, last + 1) }
        for (index, descriptor) in moved.enumerated() {
            guard descriptor >= 0, dup2(descriptor, Int32(index)) >= 0 else { exit(EXIT_FAILURE) }
        }
        let result = Descriptors(gate: last - 1, lifeline: last)
        guard fcntl(result.gate, F_SETFD, FD_CLOEXEC) == 0, fcntl(result.lifeline, F_SETFD, FD_CLOEXEC) == 0,
            LinuxCall.closeRange(UInt32(last) + 1, .max) == 0
        else { exit(EXIT_FAILURE) }
        return result
    }
}
