import Configuration
import FoundationEssentials
import Glibc
import SandboxPlan

extension InitReport {
    /// Reads what `json` gives; nil for anything else.
    init?(json content: [UInt8]) {
        if let plain = InitReport(plain: content) {
            self = plain
            return
        }
        guard let file = try? JSONDecoder().decode(ReportFile.self, from: Data(content)), file.version == 1 else {
            return nil
        }
        self.init()
        if let step = file.setup_step {
            end = .setup(step: step, errno: file.setup_errno ?? 0)
        } else if let signal = file.signal {
            end = .signaled(signal)
        } else if let status = file.exit_status {
            end = .exited(status: status)
        } else {
            return nil
        }
        if let text = file.interruption {
            guard let interruption = Interruption(rawValue: text) else { return nil }
            self.interruption = interruption
        }
        startedAt = file.started_at
        endedAt = file.ended_at
        wallMilliseconds = file.wall_ms
        wallLimit = file.wall_limit_ms ?? 0
        cpuMilliseconds = file.cpu_ms
        memoryPeak = file.memory_peak
        outOfMemoryKills = file.oom_kills
        pidsPeak = file.pids_peak
        pidsRefused = file.pids_refused
        diskPeak = file.disk_peak ?? -1
        inodesPeak = file.inodes_peak ?? -1
        diskFull = file.disk_full ?? false
        logBytes = file.log_bytes
        logDropped = file.log_dropped
        networkSockets = file.network_sockets ?? -1
        denials = file.denials.map {
            Denial(architecture: $0.architecture, number: $0.number, count: $0.count, killed: $0.killed)
        }
        refusals = file.refusals?.map {
            Refusal(destination: $0.destination, transport: $0.transport, count: $0.count)
        }
        networkLoss = file.network_loss
    }

    private struct ReportFile: Decodable {
        struct Denial: Decodable {
            var architecture: UInt32
            var number: Int32
            var count: Int64
            var killed: Bool
        }

        struct Refusal: Decodable {
            var destination: String
            var transport: String
            var count: Int64
        }

        // swift-format-ignore: AlwaysUseLowerCamelCase
        var version: Int, exit_status: Int32?, signal: Int32?, setup_step: String?, setup_errno: Int32?
        // swift-format-ignore: AlwaysUseLowerCamelCase
        var interruption: String?, started_at: Int64, ended_at: Int64, wall_ms: Int64, cpu_ms: Int64, memory_peak: Int64
        // swift-format-ignore: AlwaysUseLowerCamelCase
        var oom_kills: Int64, pids_peak: Int64, pids_refused: Int64, log_bytes: Int64, log_dropped: Int64
        // swift-format-ignore: AlwaysUseLowerCamelCase
        var network_sockets: Int64?, disk_peak: Int64?, inodes_peak: Int64?, disk_full: Bool?, wall_limit_ms: Int64?
        // swift-format-ignore: AlwaysUseLowerCamelCase
        var refusals: [Refusal]?, network_loss: String?
        var denials: [Denial]
    }
}

extension Outcome {
    /// Exit status of a soft failure: `EX_TEMPFAIL` of sysexits.h.
    private static let softStatus: Int32 = 75

    /// Judges what pid 1 found. What the kernel says outranks the exit status.
    init(_ report: InitReport, of specification: SandboxSpecification) {
        let limits = specification.policy.limits
        var report = report
        // The link's process is none of the Script's.
        if case .allow = specification.policy.network, report.pidsPeak > 0 {
            report.pidsPeak -= Int64(SandboxLink.processes)
        }
        var judgement = Judgement(report: report, limits: limits)
        judgement.name = SeccompCompiler.name
        var usage = Usage()
        usage.wallMilliseconds = report.wallMilliseconds
        usage.cpuMilliseconds = known(report.cpuMilliseconds)
        usage.memoryPeak = known(report.memoryPeak)
        usage.pidsPeak = known(report.pidsPeak)
        usage.diskPeak = known(report.diskPeak)
        usage.inodesPeak = known(report.inodesPeak)
        usage.networkSockets = known(report.networkSockets)
        var log = LogEvidence()
        log.bytes = report.logBytes
        log.dropped = report.logDropped
        let verdict = judgement.verdict()
        self.init(
            kind: verdict.kind, exitStatus: verdict.exitStatus, signal: verdict.signal, limit: verdict.limit,
            reason: verdict.reason, usage: usage,
            deniedCalls: report.denials.map {
                DeniedCall(
                    name: SeccompCompiler.name(of: $0.number, architecture: $0.architecture), count: Int($0.count),
                    killed: $0.killed)
            },
            refusedConnections: report.refusals?.map {
                RefusedConnection(destination: $0.destination, transport: $0.transport, count: Int(clamping: $0.count))
            }, log: log, startedAt: report.startedAt > 0 ? report.startedAt : nil, endedAt: report.endedAt)
    }

    fileprivate struct Verdict {
        var kind: OutcomeKind
        var exitStatus: Int?
        var signal: Int?
        var limit: LimitEvidence?
        var reason: String
    }

    fileprivate struct Judgement {
        var report: InitReport
        var limits: Limits
        var name: (Int32, UInt32) -> String = { number, _ in "\(number)" }

        func verdict() -> Verdict {
            if case .setup(let step, let number) = report.end { return setup(step, number) }
            var verdict = Verdict(kind: .hard, reason: "")
            switch report.end {
            case .exited(let status): verdict.exitStatus = Int(status)
            case .signaled(let number): verdict.signal = Int(number)
            case .setup: break
            }
            if let call = report.denials.first(where: \.killed) {
                verdict.kind = .seccomp
                verdict.reason =
                    "it called \(name(call.number, call.architecture)), which its seccomp policy answers by ending it"
            } else if report.interruption == .outOfMemory || report.outOfMemoryKills > 0 {
                verdict.kind = .oom
                verdict.limit = LimitEvidence(
                    name: "memory", limit: limits.memory.bytes, peak: known(report.memoryPeak))
                let peak = known(report.memoryPeak).map { " and had \(ByteSize(bytes: $0)) at its peak" } ?? ""
                verdict.reason = "it needed more memory than its limit of \(limits.memory)\(peak)"
            } else if report.interruption == .wallTime {
                verdict.kind = .timeout
                let limit = report.wallLimit > 0 ? Timespan(milliseconds: report.wallLimit) : limits.wallTime
                verdict.limit = LimitEvidence(
                    name: "wall_time", limit: limit.milliseconds, peak: report.wallMilliseconds)
                let extended = report.wallLimit > 0 ? ", which was extended from \(limits.wallTime)" : ""
                verdict.reason = "it ran longer than its wall_time of \(limit)\(extended)"
            } else if report.interruption == .cpuTime, let limit = limits.cpuTime {
                verdict.kind = .cpuTime
                verdict.limit = LimitEvidence(
                    name: "cpu_time", limit: limit.milliseconds, peak: known(report.cpuMilliseconds))
                verdict.reason =
                    "it used \(Timespan(milliseconds: report.cpuMilliseconds)) of processor time; its cpu_time is \(limit)"
            } else if report.interruption == .disk {
                fullDisk(&verdict)
            } else if verdict.exitStatus == 0 {
                verdict.kind = .success
                verdict.reason = "exit status 0" + lostNetwork
            } else if report.interruption == .terminated {
                verdict.kind = .cancelled
                verdict.reason = "it was ended from outside"
            } else if report.diskFull {
                fullDisk(&verdict)
            } else if report.pidsRefused > 0 {
                verdict.kind = .pids
                verdict.limit = LimitEvidence(
                    name: "pids", limit: Int64(limits.pids), peak: known(report.pidsPeak) ?? Int64(limits.pids))
                verdict.reason =
                    "the kernel refused it \(report.pidsRefused) new processes or threads beyond its limit of \(limits.pids); "
                    + ending
            } else if report.end == .signaled(SIGSYS) {
                verdict.kind = .seccomp
                verdict.reason = "its seccomp policy ended it for a system call of another architecture, or by SIGSYS"
            } else if let signal = verdict.signal {
                verdict.kind = .signal
                verdict.reason =
                    "signal \(signal) (\(String(cString: strsignal(Int32(signal))))) ended it" + refusedCalls
                    + refusedConnections + lostNetwork
            } else {
                verdict.kind = report.end == .exited(status: Outcome.softStatus) ? .soft : .hard
                verdict.reason = ending + refusedCalls + refusedConnections + lostNetwork
            }
            return verdict
        }

        private func fullDisk(_ verdict: inout Verdict) {
            verdict.kind = .disk
            let inodes = limits.inodes.map(Int64.init)
            if let inodes, report.inodesPeak >= inodes || limits.disk == nil {
                verdict.limit = LimitEvidence(name: "inodes", limit: inodes, peak: known(report.inodesPeak))
                verdict.reason = "it made \(report.inodesPeak) files and directories; its limit of inodes is \(inodes)"
            } else if let disk = limits.disk {
                verdict.limit = LimitEvidence(name: "disk", limit: disk.bytes, peak: known(report.diskPeak))
                verdict.reason =
                    "it added \(ByteSize(bytes: max(report.diskPeak, 0))) to the disk; its limit is \(disk)"
            }
            verdict.reason += report.interruption == .disk ? "" : "; \(ending)"
        }

        private var ending: String {
            switch report.end {
            case .exited(let status): "exit status \(status)"
            case .signaled(let number): "signal \(number)"
            case .setup(let step, _): step
            }
        }

        /// Calls that were refused and that the Script survived: often why it then failed.
        private var refusedCalls: String {
            guard !report.denials.isEmpty else { return "" }
            let calls = report.denials.map { denial in
                "\(name(denial.number, denial.architecture)) \(denial.count == 1 ? "once" : "\(denial.count) times")"
            }
            return "; its seccomp policy refused it " + calls.joined(separator: ", ")
        }

        /// The first of them: often why it then failed.
        private var refusedConnections: String {
            guard let refusals = report.refusals, !refusals.isEmpty else { return "" }
            let named = refusals.prefix(4).map {
                RefusedConnection(destination: $0.destination, transport: $0.transport, count: Int(clamping: $0.count))
                    .description
            }
            let rest = refusals.count - named.count
            return "; the policy's network list refused it " + named.joined(separator: ", ")
                + (rest > 0 ? " and \(rest) more" : "")
        }

        private var lostNetwork: String {
            report.networkLoss.map { "; its network was lost before its end: \($0)" } ?? ""
        }

        /// A command that cannot be executed has the exit status that a shell would give: 127 not found, 126 not executable.
        private func setup(_ step: String, _ number: Int32) -> Verdict {
            let message = number == 0 ? step : "\(step): \(String(cString: strerror(number)))"
            var status: Int?
            if step.hasPrefix("execute ") { status = number == ENOENT || number == ENOTDIR ? 127 : 126 }
            return Verdict(kind: .setup, exitStatus: status, reason: message)
        }
    }
}

private func known(_ counter: Int64) -> Int64? { counter < 0 ? nil : counter }
