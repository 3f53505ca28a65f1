/// One attempt of a Script.
package struct AttemptView: Sendable, Hashable, Codable {
    /// From 1, within the Processing and the Script.
    package var number: Int
    /// `running` or `ended`.
    package var state: String
    /// The outcome's name, once ended.
    package var outcome: String?
    /// The outcome with its evidence, once ended.
    package var evidence: OutcomeView?
    package var progress: Double?
    package var progressText: String?
    package var startedAt: Timestamp
    package var endedAt: Timestamp?
    /// When it is ended if it still runs: its wall-time limit. Absent once it has ended.
    package var deadline: Timestamp?
    /// When its Script asked to be run again.
    package var againAt: Timestamp?
    /// Its Script asked to leave out those after it.
    package var skipsRest: Bool?
    /// The figures that it reported, in the order of their first reports.
    package var metrics: [MetricView]
    /// When it could have started, were there nothing to wait for.
    package var queuedAt: Timestamp?
    /// The fingerprint of what it failed of; absent unless it has.
    package var cause: String?

    package init(
        number: Int, state: String, outcome: String?, evidence: OutcomeView?, progress: Double?, progressText: String?,
        startedAt: Timestamp, endedAt: Timestamp?, deadline: Timestamp? = nil, againAt: Timestamp? = nil,
        skipsRest: Bool? = nil, metrics: [MetricView] = [], queuedAt: Timestamp? = nil, cause: String? = nil
    ) {
        self.number = number
        self.state = state
        self.outcome = outcome
        self.evidence = evidence
        self.progress = progress
        self.progressText = progressText
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.deadline = deadline
        self.againAt = againAt
        self.skipsRest = skipsRest
        self.metrics = metrics
        self.queuedAt = queuedAt
        self.cause = cause
    }

    enum CodingKeys: String, CodingKey {
        case number, state, outcome, evidence, progress, deadline, metrics, cause
        case againAt = "again_at"
        case skipsRest = "skips_rest"
        case progressText = "progress_text"
        case queuedAt = "queued_at"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

/// How an attempt ended, with the evidence.
package struct OutcomeView: Sendable, Hashable, Codable {
    /// Which limit, its value and the peak, in the limit's unit (bytes, milliseconds or a count).
    package struct Limit: Sendable, Hashable, Codable {
        package var name: String
        package var limit: Int64
        package var peak: Int64?

        package init(name: String, limit: Int64, peak: Int64?) {
            self.name = name
            self.limit = limit
            self.peak = peak
        }
    }

    /// Milliseconds, bytes and counts; absent where the kernel does not say.
    package struct Usage: Sendable, Hashable, Codable {
        package var wallMilliseconds: Int64
        package var cpuMilliseconds: Int64?
        package var memoryPeak: Int64?
        package var pidsPeak: Int64?
        package var diskPeak: Int64?
        package var inodesPeak: Int64?

        package init(
            wallMilliseconds: Int64, cpuMilliseconds: Int64?, memoryPeak: Int64?, pidsPeak: Int64?, diskPeak: Int64?,
            inodesPeak: Int64?
        ) {
            self.wallMilliseconds = wallMilliseconds
            self.cpuMilliseconds = cpuMilliseconds
            self.memoryPeak = memoryPeak
            self.pidsPeak = pidsPeak
            self.diskPeak = diskPeak
            self.inodesPeak = inodesPeak
        }

        enum CodingKeys: String, CodingKey {
            case wallMilliseconds = "wall_milliseconds"
            case cpuMilliseconds = "cpu_milliseconds"
            case memoryPeak = "memory_peak"
            case pidsPeak = "pids_peak"
            case diskPeak = "disk_peak"
            case inodesPeak = "inodes_peak"
        }
    }

    /// A system call that the seccomp policy refused.
    package struct DeniedCall: Sendable, Hashable, Codable {
        package var name: String
        package var count: Int
        package var killed: Bool

        package init(name: String, count: Int, killed: Bool) {
            self.name = name
            self.count = count
            self.killed = killed
        }
    }

    /// Where the policy's network list let nothing through, and how often it was tried.
    package struct RefusedConnection: Sendable, Hashable, Codable {
        package var destination: String
        package var transport: String
        package var count: Int

        package init(destination: String, transport: String, count: Int) {
            self.destination = destination
            self.transport = transport
            self.count = count
        }
    }

    /// Bytes in the log, and bytes left out because its limit was reached.
    package struct Log: Sendable, Hashable, Codable {
        package var bytes: Int64
        package var dropped: Int64

        package init(bytes: Int64, dropped: Int64) {
            self.bytes = bytes
            self.dropped = dropped
        }
    }

    package var kind: String
    package var exitStatus: Int?
    package var signal: Int?
    package var limit: Limit?
    package var reason: String
    package var usage: Usage
    package var deniedCalls: [DeniedCall]
    /// Absent when no network list was in force.
    package var refusedConnections: [RefusedConnection]?
    package var log: Log
    /// Absent when the Script's command was never executed.
    package var startedAt: Timestamp?
    package var endedAt: Timestamp

    package init(
        kind: String, exitStatus: Int?, signal: Int?, limit: Limit?, reason: String, usage: Usage,
        deniedCalls: [DeniedCall], refusedConnections: [RefusedConnection]?, log: Log, startedAt: Timestamp?,
        endedAt: Timestamp
    ) {
        self.kind = kind
        self.exitStatus = exitStatus
        self.signal = signal
        self.limit = limit
        self.reason = reason
        self.usage = usage
        self.deniedCalls = deniedCalls
        self.refusedConnections = refusedConnections
        self.log = log
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    enum CodingKeys: String, CodingKey {
        case kind, signal, limit, reason, usage, log
        case exitStatus = "exit_status"
        case deniedCalls = "denied_calls"
        case refusedConnections = "refused_connections"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}
