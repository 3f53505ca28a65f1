import CLinux
import Glibc
import Linux
import SandboxPlan

/// Pid 1's life while the Script runs: reaps, keeps the log, enforces the times, answers denied calls.
struct Supervisor {
    private let plan: Plan
    private let script: Script
    private let surroundings: Surroundings
    private var network: Network?
    private let attempt: Attempt
    private var log: LogWriter
    private var disk: DiskWatch
    private var denials: Denials
    private let signals: Int32
    private let startedAt = Clock.milliseconds()
    private var wallTime: WallTime
    private var filterIsGone = false
    private var interruption: InitReport.Interruption?
    /// When SIGKILL follows SIGTERM.
    private var killAt: Int64?
    private var cpuCheckAt = Int64.max
    private var end: InitReport.End?

    /// - Parameter disk: begun before the Script was, which may add a lot in its first milliseconds.
    init(plan: Plan, script: Script, surroundings: Surroundings, disk: DiskWatch, attempt: Attempt) {
        // What it ends it ends as all that there is.
        precondition(getpid() == 1, "not the first process of a pid namespace")
        self.plan = plan
        self.script = script
        self.surroundings = surroundings
        network = surroundings.network
        denials = Denials(plan.filter)
        self.attempt = attempt
        self.disk = disk
        wallTime = WallTime(plan.wallMilliseconds, attempt: attempt.directory)
        let limit: Int64 = if case .log(let limit) = plan.standardStreams { limit } else { 0 }
        log = LogWriter(directory: attempt.directory, limit: limit)
        signals = SignalDescriptor.open()
        if plan.cpuMilliseconds > 0 { cpuCheckAt = startedAt }
        // What it does from here on, it may as the owner of the Script's user namespace and of the attempt's files.
        _ = LinuxCall.dropCapabilities(canReadFilters: network != nil)
    }

    /// Returns when nothing of the sandbox runs any more.
    mutating func run(_ report: inout InitReport) {
        while end == nil {
            let now = Clock.milliseconds()
            enforceTimes(now)
            let due = killAt ?? min(startedAt + wallTime.limit, cpuCheckAt)
            waitForNews(atMost: min(due, disk.nextLook) - now)
            reap()
        }
        PhaseTrace.mark("the Script runs")
        let endedAt = Clock.milliseconds()
        report.endedAt = Clock.realMilliseconds()
        endTheRest()
        disk.look()
        if surroundings.quotaEvents >= 0 { takeQuotaEvents() }
        log.finish()
        keepEvents()
        PhaseTrace.mark("end the rest and the log")

        report.end = end!
        report.interruption = interruption
        report.startedAt = script.startedAt
        report.wallMilliseconds = endedAt - startedAt
        report.wallLimit = wallTime.extended ?? 0
        report.diskPeak = disk.bytesPeak
        report.inodesPeak = disk.inodesPeak
        report.diskFull = disk.wasFull
        report.logBytes = log.written
        report.logDropped = log.dropped
        report.denials = denials.all
        if plan.filter.denial == .proceed { report.networkSockets = denials.networkSockets }
        if let network {
            report.refusals = LinuxCall.withNetworkAdministration { network.refused() }
            report.networkLoss = network.loss
        }
        Counters(surroundings.counters).fill(&report)
        PhaseTrace.mark("counters")
    }

    private mutating func enforceTimes(_ now: Int64) {
        if let killAt, now >= killAt {
            kill(-1, SIGKILL)
            self.killAt = now + 1000
        }
        if now >= disk.nextLook {
            disk.look()
            if disk.isExceeded { interruptAtOnce(.disk) }
        }
        if interruption == nil, wallTime.isOver(after: now - startedAt) { interrupt(.wallTime) }
        if interruption == nil, now >= cpuCheckAt {
            let used = Counters(surroundings.counters).cpuMilliseconds
            if used >= plan.cpuMilliseconds {
                interrupt(.cpuTime)
                cpuCheckAt = .max
            } else {
                // The limit cannot be reached sooner than at the full speed that the group is allowed.
                cpuCheckAt = now + max(20, (plan.cpuMilliseconds - used) * 1000 / max(plan.cpuMillicores, 1))
            }
        }
    }

    /// Ends the Script politely, for the first reason that there is.
    private mutating func interrupt(_ reason: InitReport.Interruption) {
        guard interruption == nil else { return }
        interruption = reason
        kill(-script.pid, SIGTERM)
        // A stopped process sees SIGTERM only when it goes on.
        kill(-script.pid, SIGCONT)
        killAt = Clock.milliseconds() + plan.graceMilliseconds
    }

    private mutating func interruptAtOnce(_ reason: InitReport.Interruption) {
        if interruption == nil { interruption = reason }
        kill(-1, SIGKILL)
        killAt = Clock.milliseconds() + 1000
    }

    private mutating func waitForNews(atMost timeout: Int64) {
        var polled = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: script.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: script.listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: surroundings.outOfMemory, events: Int16(POLLIN), revents: 0),
            pollfd(fd: surroundings.quotaEvents, events: Int16(POLLIN), revents: 0),
        ]
        if log.atEnd { polled[1].fd = -1 }
        if filterIsGone { polled[2].fd = -1 }
        guard poll(&polled, nfds_t(polled.count), Int32(clamping: max(timeout, 0))) > 0 else { return }
        if polled[0].revents != 0, SignalDescriptor.drain(signals).contains(SIGTERM) { interrupt(.terminated) }
        if polled[1].revents != 0 { log.take(from: script.output) }
        if polled[2].revents & Int16(POLLIN) != 0 {
            answerDeniedCall()
        } else if polled[2].revents != 0 {
            // Nothing under the filter lives any more.
            filterIsGone = true
        }
        if polled[3].revents != 0 {
            var count: UInt64 = 0
            if read(surroundings.outOfMemory, &count, 8) == 8 { interruptAtOnce(.outOfMemory) }
        }
        if polled[4].revents != 0 { takeQuotaEvents() }
    }

    /// All that is there: others' refusals must not fill the queue.
    private mutating func takeQuotaEvents() {
        for _ in 0..<64 {
            let answer = altp_quota_event(surroundings.quotaEvents, surroundings.project)
            if answer < 0 { return }
            if answer > 0 { disk.wasRefused() }
        }
    }

    private mutating func answerDeniedCall() {
        // What ends the sandbox stays unanswered, so that nothing of it runs on after the call.
        if denials.answer(script.listener) == .kill { interruptAtOnce(.deniedCall) }
    }

    /// A success whose Events are lost would be none.
    private mutating func keepEvents() {
        do {
            let directory = attempt.directory
            let events = surroundings.events
            try WaitForSpace.during { () throws(SystemError) in try events?.keep(in: directory) }
        } catch {
            end = .setup(step: "keep $ALTP_EVENTS: \(error.call)", errno: error.number)
        }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 {
            if pid == script.pid { end = InitReport.End(waitStatus: status) }
            // After an interruption it is ended with the rest.
            if interruption == nil { network?.note(pid, status: status) }
        }
    }

    /// Ends what the Script left behind, and takes the rest of its output.
    private mutating func endTheRest() {
        let deadline = Clock.milliseconds() + 10_000
        while Clock.milliseconds() < deadline {
            kill(-1, SIGKILL)
            var status: Int32 = 0
            while waitpid(-1, &status, WNOHANG) > 0 {}
            if errno == ECHILD { break }
            waitForNews(atMost: 100)
        }
        while script.output >= 0, !log.atEnd, log.hasMore(in: script.output) { log.take(from: script.output) }
    }
}

extension InitReport.End {
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited(status: status >> 8 & 0xff) : .signaled(signal)
    }
}
