package import Configuration

/// How an attempt ended, with the evidence.
package struct Outcome: Sendable, Codable, Hashable {
    package var kind: OutcomeKind
    /// The exit status, when the Script's first process exited.
    package var exitStatus: Int?
    /// The signal's number, when a signal ended it.
    package var signal: Int?
    /// The limit that ended it, when one did.
    package var limit: LimitEvidence?
    /// One sentence for people: what happened, in figures; for `setup`, which step failed and what the system said.
    package var reason: String
    package var usage: Usage
    package var deniedCalls: [DeniedCall]
    /// nil where no network list was in force.
    package var refusedConnections: [RefusedConnection]?
    package var log: LogEvidence
    /// Milliseconds since the epoch; nil when the Script's command was never executed.
    package var startedAt: Int64?
    package var endedAt: Int64

    package init(
        kind: OutcomeKind, exitStatus: Int? = nil, signal: Int? = nil, limit: LimitEvidence? = nil, reason: String,
        usage: Usage = Usage(), deniedCalls: [DeniedCall] = [],
        refusedConnections: [RefusedConnection]? = nil, log: LogEvidence = LogEvidence(),
        startedAt: Int64? = nil,
        endedAt: Int64
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
}

/// Which limit, its value and the peak, in the limit's unit (bytes, milliseconds or a count).
package struct LimitEvidence: Sendable, Codable, Hashable {
    package var name: String
    package var limit: Int64
    package var peak: Int64?

    package init(name: String, limit: Int64, peak: Int64?) {
        self.name = name
        self.limit = limit
        self.peak = peak
    }
}

/// What the attempt used; nil where the kernel does not say.
package struct Usage: Sendable, Codable, Hashable {
    package var wallMilliseconds: Int64 = 0
    package var cpuMilliseconds: Int64?
    package var memoryPeak: Int64?
    package var pidsPeak: Int64?
    /// What was added to the disk at most, in bytes and in inodes, where the policy limits either.
    package var diskPeak: Int64?
    package var inodesPeak: Int64?
    /// Sockets made that need a network, where calls were learned.
    package var networkSockets: Int64?

    package init() {}
}

/// A system call that the seccomp policy refused.
package struct DeniedCall: Sendable, Codable, Hashable {
    /// As in the kernel's tables; `syscall_451` for a number that libseccomp does not know.
    package var name: String
    package var count: Int
    /// The policy ended the process for it.
    package var killed: Bool

    package init(name: String, count: Int, killed: Bool) {
        self.name = name
        self.count = count
        self.killed = killed
    }
}

/// Where the policy's network list let nothing through.
package struct RefusedConnection: Sendable, Codable, Hashable {
    /// `192.0.2.7:443`, `[2001:db8::7]:443`; `other destinations` for those beyond the number that are told apart.
    package var destination: String
    /// `tcp`, `udp` and the like.
    package var transport: String
    /// Attempts to connect, for `tcp`; else packets.
    package var count: Int

    package init(destination: String, transport: String, count: Int) {
        self.destination = destination
        self.transport = transport
        self.count = count
    }

    /// `192.0.2.7:443/tcp 3 times`
    package var description: String { "\(destination)/\(transport) \(count == 1 ? "once" : "\(count) times")" }
}

/// What the log holds of what the Script wrote.
package struct LogEvidence: Sendable, Codable, Hashable {
    package var bytes: Int64 = 0
    /// Bytes left out because the log's limit was reached.
    package var dropped: Int64 = 0

    package init() {}
}
