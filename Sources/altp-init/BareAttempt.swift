import CLinux
import Glibc
import Linux
import SandboxPlan

/// A Script without a sandbox: a process of the host, under the Processing's own user. For development and benchmarks; see
/// `altp-launcher --without-sandboxes`.
///
/// No pid namespace ends what the Script leaves behind. Its orphans become children of this process (PR_SET_CHILD_SUBREAPER
/// of prctl(2)), and are killed as the Script's user, who owns no other process of the host: a Processing's block of uids is
/// its alone, and it runs one Script at a time.
struct BareAttempt {
    private let plan: Plan
    private let attempt: Attempt
    private let script: pid_t
    private let output: Int32
    private let signals: Int32
    private let startedAt = Clock.milliseconds()
    private let startedAtReal = Clock.realMilliseconds()
    private var log: LogWriter
    private var interruption: InitReport.Interruption?
    private var killAt: Int64?
    private var end: InitReport.End?

    /// Executes the plan's command.
    static func start(_ plan: Plan, _ attempt: Attempt) throws(SetupFailure) -> BareAttempt {
        guard plan.steps.isEmpty, case .log(let limit) = plan.standardStreams else {
            throw SetupFailure(step: "read the plan of an attempt without a sandbox", number: EINVAL)
        }
        // Before there is a child whose end could be missed.
        let signals = SignalDescriptor.open()
        try setup { () throws(SystemError) in
            try check("prctl", "PR_SET_CHILD_SUBREAPER") { LinuxCall.prctl(PR_SET_CHILD_SUBREAPER, 1) }
        }
        let pipe = try Pipe.make()
        try attempt.begin()
        let pid = try execute(plan, output: pipe.writer)
        close(pipe.writer)
        return BareAttempt(
            plan: plan, attempt: attempt, script: pid, output: pipe.reader, signals: signals,
            log: LogWriter(directory: attempt.directory, limit: limit))
    }

    private static func execute(_ plan: Plan, output: Int32) throws(SetupFailure) -> pid_t {
        // So that the Script can open /dev/stdout by name.
        fchown(output, plan.uid, plan.gid)
        let input = try setup { () throws(SystemError) in try FileDescriptor.open("/dev/null", O_RDONLY) }
        let paths = CStrings(Confinement.executables(plan))
        let arguments = CStrings(plan.arguments)
        let environment = CStrings(plan.environment)
        let resources = plan.resourceLimits.map(\.resource)
        let limits = plan.resourceLimits.map { rlimit(rlim_cur: rlim_t($0.soft), rlim_max: rlim_t($0.hard)) }
        var failed: UnsafePointer<CChar>?
        let pid = resources.withUnsafeBufferPointer { resources in
            limits.withUnsafeBufferPointer { limits in
                plan.workingDirectory.withCString { directory in
                    var bare = altp_bare(
                        paths: paths.pointers, argv: arguments.pointers, envp: environment.pointers,
                        directory: directory, uid: plan.uid, gid: plan.gid, input: input.raw, output: output,
                        resources: resources.baseAddress, limits: limits.baseAddress, limit_count: Int32(limits.count))
                    return altp_spawn_bare(&bare, &failed)
                }
            }
        }
        guard pid > 0 else {
            let number = errno
            let call = failed.map { String(cString: $0) } ?? "clone3"
            throw SetupFailure(
                step: call == "execute" ? ConfinementStep.execute.text(of: plan) : call, number: number)
        }
        return pid
    }

    private init(
        plan: Plan, attempt: Attempt, script: pid_t, output: Int32, signals: Int32, log: LogWriter
    ) {
        self.plan = plan
        self.attempt = attempt
        self.script = script
        self.output = output
        self.signals = signals
        self.log = log
    }

    /// Returns when nothing of the Script runs any more.
    mutating func run(_ report: inout InitReport) {
        while end == nil {
            enforceTimes(Clock.milliseconds())
            let due = killAt ?? startedAt + plan.wallMilliseconds
            waitForNews(atMost: due - Clock.milliseconds())
            reap()
        }
        let endedAt = Clock.milliseconds()
        report.endedAt = Clock.realMilliseconds()
        endTheRest()
        log.finish()
        report.end = end!
        report.interruption = interruption
        report.startedAt = startedAtReal
        report.wallMilliseconds = endedAt - startedAt
        report.logBytes = log.written
        report.logDropped = log.dropped
        keepEvents(&report)
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage) == 0 {
            report.cpuMilliseconds = usage.ru_utime.milliseconds + usage.ru_stime.milliseconds
            // Of its largest process, in KiB.
            report.memoryPeak = Int64(usage.ru_maxrss) << 10
        }
    }

    private mutating func enforceTimes(_ now: Int64) {
        if let killAt, now >= killAt {
            killAll()
            self.killAt = now + 1000
        }
        if interruption == nil, now - startedAt >= plan.wallMilliseconds { interrupt(.wallTime) }
    }

    /// Ends the Script politely, for the first reason that there is.
    private mutating func interrupt(_ reason: InitReport.Interruption) {
        guard interruption == nil else { return }
        interruption = reason
        kill(-script, SIGTERM)
        kill(-script, SIGCONT)
        killAt = Clock.milliseconds() + plan.graceMilliseconds
    }

    private mutating func waitForNews(atMost timeout: Int64) {
        var polled = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: log.atEnd ? -1 : output, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&polled, 2, Int32(clamping: max(timeout, 0))) > 0 else { return }
        if polled[0].revents != 0, SignalDescriptor.drain(signals).contains(SIGTERM) { interrupt(.terminated) }
        if polled[1].revents != 0 { log.take(from: output) }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            if pid == script { end = InitReport.End(waitStatus: status) }
        }
    }

    /// Ends what the Script left behind, and takes the rest of its output.
    private mutating func endTheRest() {
        let deadline = Clock.milliseconds() + 10_000
        while Clock.milliseconds() < deadline {
            while waitpid(-1, nil, WNOHANG) > 0 {}
            // All that is left of it is a child of ours, or will be when its parent ends.
            if errno == ECHILD { break }
            killAll()
            waitForNews(atMost: 100)
        }
        while !log.atEnd, log.hasMore(in: output) { log.take(from: output) }
    }

    /// kill(2) of all that the Script's user may signal: only what is that user's.
    private func killAll() {
        let helper = LinuxCall.fork([])
        if helper == 0 {
            guard setgroups(0, nil) == 0, LinuxCall.becomeGroup(plan.gid) == 0, LinuxCall.becomeUser(plan.uid) == 0,
                geteuid() == plan.uid, plan.uid != 0
            else { _exit(EXIT_FAILURE) }
            kill(-1, SIGKILL)
            _exit(EXIT_SUCCESS)
        }
        if helper > 0 { waitpid(helper, nil, 0) }
    }

    /// As of a sandbox: what the Script emitted is on the disk before its outcome is written.
    private func keepEvents(_ report: inout InitReport) {
        do {
            try WaitForSpace.during { () throws(SystemError) in
                let file = try FileDescriptor.open("events.jsonl", O_RDONLY | O_NOFOLLOW, at: attempt.directory)
                var status = stat()
                try check("fstat", "events.jsonl") { fstat(file.raw, &status) }
                if status.st_size > 0 { try check("fsync", "events.jsonl") { fsync(file.raw) } }
            }
        } catch {
            report.end = .setup(step: "keep $ALTP_EVENTS: \(error.call)", errno: error.number)
        }
    }
}

extension timeval {
    fileprivate var milliseconds: Int64 { Int64(tv_sec) * 1000 + Int64(tv_usec) / 1000 }
}
