import CLinux
import Glibc
import Linux
import SandboxPlan

/// The sandbox that a session joins, and whoever started it.
struct JoinedSandbox {
    /// A socket to the Launcher: what it says is about the session's processes, and its end is theirs.
    let control: Int32
    /// What the session's first process enters, in this order.
    let namespaces: [Int32]

    /// Waits until the session's first process says something, or is gone; false when the Launcher is gone before: that
    /// process can be stopped by others in the sandbox.
    func waitForNews(_ news: Int32) -> Bool {
        while true {
            var polled = [
                pollfd(fd: news, events: Int16(POLLIN), revents: 0),
                pollfd(fd: control, events: altp_poll_rdhup, revents: 0),
            ]
            guard poll(&polled, 2, -1) > 0 else { continue }
            if polled[1].revents != 0 { return false }
            if polled[0].revents != 0 { return true }
        }
    }
}

/// One session: a process in a sandbox that is there already, with all that it starts.
///
/// The joiner stays outside of the sandbox's pid and user namespaces, so that nothing in there can trace it, signal it or
/// open what it has open. Its child is closed to tracing until its exec, as every process is that has changed its user:
/// and this one from its birth, for a hostile Script may be waiting for it. It is the exec that opens it, after it has
/// closed every descriptor but the standard streams, and when the filter holds.
struct Joiner {
    /// After the plan (3), the control socket (4) and the filter (5): the namespaces, mounts and pids first.
    private static let control: Int32 = 4
    private static let firstNamespace: Int32 = 6

    /// - Parameter namespaces: how many of them there are.
    static func run(namespaces: Int32) -> Never {
        var report = InitReport()
        _ = LinuxCall.prctl(PR_SET_DUMPABLE, 0)
        do throws(SetupFailure) {
            guard namespaces >= 2 else { throw SetupFailure(step: "join: too few namespaces", number: EINVAL) }
            let given = Array(firstNamespace..<firstNamespace + namespaces)
            for descriptor in [control, filterDescriptor] + given {
                try setup { () throws(SystemError) in try check("fcntl") { fcntl(descriptor, F_SETFD, FD_CLOEXEC) } }
            }
            var joiner = try Joiner(given)
            joiner.supervise(&report)
        } catch {
            report.end = .setup(step: error.step, errno: error.number)
        }
        report.endedAt = Clock.realMilliseconds()
        let text = Array(report.json.utf8)
        _ = text.withUnsafeBytes { send(control, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        exit(EXIT_SUCCESS)
    }

    private let script: Script
    private let group: SessionGroup
    private let counters: Counters
    private let killsBefore: Int64
    private let signals: Int32
    private var denials: Denials
    private var filterIsGone = false
    private var interruption: InitReport.Interruption?
    private var end: InitReport.End?

    private init(_ namespaces: [Int32]) throws(SetupFailure) {
        let plan = try readPlan()
        let filter = try Filter.map(plan)
        let surroundings = try Sandbox(joining: namespaces[0], plan: plan).surroundings
        guard let group = surroundings.session else {
            throw SetupFailure(step: "join: the plan has no group", number: EINVAL)
        }
        self.group = group
        counters = Counters(surroundings.counters)
        killsBefore = counters.outOfMemoryKills
        denials = Denials(plan.filter)
        signals = SignalDescriptor.open()
        // For the child; this process stays where it is.
        try setup { () throws(SystemError) in
            try check("setns", "the sandbox's processes") { LinuxCall.enter(namespaces[1]) }
        }
        do throws(SetupFailure) {
            script = try Script.start(
                plan, filter: filter, in: surroundings,
                joining: JoinedSandbox(control: Self.control, namespaces: Array(namespaces[2...])))
        } catch {
            group.end()
            throw error
        }
        _ = send(Self.control, "s", 1, Int32(MSG_NOSIGNAL))
        // Whoever reads the session's output must see its end.
        for descriptor in [0, 1, 2] + namespaces { close(descriptor) }
        _ = LinuxCall.dropCapabilities(canReadFilters: false)
    }

    /// Returns when nothing of the session runs any more.
    private mutating func supervise(_ report: inout InitReport) {
        while end == nil, interruption == nil { waitForNews() }
        group.end()
        reap()
        report.end = end ?? .signaled(SIGKILL)
        report.interruption = interruption
        report.startedAt = script.startedAt
        report.denials = denials.all
        report.outOfMemoryKills = counters.outOfMemoryKills - killsBefore
    }

    private mutating func waitForNews() {
        var polled = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: filterIsGone ? -1 : script.listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: Self.control, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&polled, 3, -1) > 0 else { return }
        if polled[0].revents != 0, SignalDescriptor.drain(signals).contains(SIGTERM) { interruption = .terminated }
        if polled[1].revents & Int16(POLLIN) != 0 {
            if denials.answer(script.listener) == .kill { interruption = .deniedCall }
        } else if polled[1].revents != 0 {
            filterIsGone = true
        }
        if polled[2].revents != 0 { listen() }
        reap()
    }

    /// A message is a signal's number; no message is the Launcher's end, or its wish that the session ends.
    private mutating func listen() {
        var message = [UInt8](repeating: 0, count: 16)
        let count = recv(Self.control, &message, message.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            interruption = .terminated
            return
        }
        if let number = Int32(String(decoding: message[..<count], as: UTF8.self)), (1...64).contains(number) {
            kill(-script.pid, number)
        }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            if pid == script.pid { end = InitReport.End(waitStatus: status) }
        }
    }
}
