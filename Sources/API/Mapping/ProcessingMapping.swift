import Configuration
import Launcher
import Sandbox
import Store
import Wire

extension ProcessingView {
    /// `scripts`, `history` and `directory` are nil in lists.
    init(
        _ record: ProcessingRecord, labels: [String: String]? = nil, scripts: [ScriptView]? = nil,
        history: [HistoryEntryView]? = nil,
        directory: String? = nil, remnant: String? = nil, pinnedBy: String? = nil
    ) throws {
        self.init(
            id: record.id, task: record.task, status: record.status.rawValue, outcome: record.outcome,
            script: record.script, reason: record.reason, event: record.event,
            params: try parameters(json: record.params), priority: record.priority, definition: record.definition,
            scriptsHash: record.scripts, createdAt: Timestamp(milliseconds: record.createdAt),
            startedAt: record.startedAt.map(Timestamp.init), endedAt: record.endedAt.map(Timestamp.init),
            labels: labels, scripts: scripts, history: history, directory: directory, remnant: remnant,
            pinnedBy: pinnedBy, cause: record.cause)
    }
}

extension ScriptView {
    /// - Parameters:
    ///   - attempts: this Script's, in order.
    ///   - limits: its policy's, where it is known.
    ///   - metrics: of its attempts.
    init(name: String, attempts: [AttemptRecord], limits: Limits? = nil, metrics: [MetricRecord] = []) throws {
        let last = attempts.last
        self.init(
            name: name, state: last?.state.rawValue ?? "pending", outcome: last?.outcome, progress: last?.progress,
            progressText: last?.progressText,
            attempts: try attempts.map { attempt in
                try AttemptView(attempt, limits: limits, metrics: metrics.filter { $0.number == attempt.number })
            })
    }
}

extension AttemptView {
    init(_ record: AttemptRecord, limits: Limits? = nil, metrics: [MetricRecord] = []) throws {
        let (againAt, skipsRest) = Launcher.wishes(of: record)
        self.init(
            number: record.number, state: record.state.rawValue, outcome: record.outcome,
            evidence: try record.outcomeDetail.map {
                OutcomeView(try WireJSON.decode(Outcome.self, from: Array($0.utf8)))
            },
            progress: record.progress, progressText: record.progressText,
            startedAt: Timestamp(milliseconds: record.startedAt), endedAt: record.endedAt.map(Timestamp.init),
            deadline: record.state == .ended
                ? nil : limits.map { Timestamp(milliseconds: Launcher.wallTime(of: record, $0).deadline) },
            againAt: againAt.map(Timestamp.init), skipsRest: skipsRest, metrics: metrics.map(MetricView.init),
            queuedAt: record.queuedAt.map(Timestamp.init), cause: record.cause)
    }
}

extension OutcomeView {
    init(_ outcome: Outcome) {
        self.init(
            kind: outcome.kind.rawValue, exitStatus: outcome.exitStatus, signal: outcome.signal,
            limit: outcome.limit.map { Limit(name: $0.name, limit: $0.limit, peak: $0.peak) }, reason: outcome.reason,
            usage: Usage(
                wallMilliseconds: outcome.usage.wallMilliseconds, cpuMilliseconds: outcome.usage.cpuMilliseconds,
                memoryPeak: outcome.usage.memoryPeak, pidsPeak: outcome.usage.pidsPeak,
                diskPeak: outcome.usage.diskPeak, inodesPeak: outcome.usage.inodesPeak),
            deniedCalls: outcome.deniedCalls.map { DeniedCall(name: $0.name, count: $0.count, killed: $0.killed) },
            refusedConnections: outcome.refusedConnections?.map {
                RefusedConnection(destination: $0.destination, transport: $0.transport, count: $0.count)
            },
            log: Log(bytes: outcome.log.bytes, dropped: outcome.log.dropped),
            startedAt: outcome.startedAt.map(Timestamp.init), endedAt: Timestamp(milliseconds: outcome.endedAt))
    }
}

/// The store's parameter column: a JSON object.
func parameters(json text: String) throws -> [String: ParameterValue] {
    try WireJSON.decode([String: ParameterValue].self, from: Array(text.utf8))
}
