import Configuration
import FoundationEssentials
import Sandbox
import Store

extension Launcher {
    /// Says why a Processing is where it is.
    package func why(processing id: Int64) async throws(LauncherError) -> Explanation {
        let record = try await record(of: id)
        guard let live = processings[id] else { return try await explainEnded(record) }
        if let obstacle = live.obstacle {
            return Explanation(
                reference: "\(id)", summary: "\(id) cannot go on, and tries again every second: \(obstacle).",
                facts: [.init(kind: "state-folder", text: obstacle)])
        }
        switch live.chain.state {
        case .queued(let position): return explainWaiting(live, position)
        case .running(let position): return explainRunning(live, position)
        case .cancelling(let position, let reason):
            let name = "\(id)/\(position.attempt.script)#\(position.attempt.number)"
            return Explanation(
                reference: name, summary: "\(name) is being ended: \(reason).",
                facts: [.init(kind: "cancelling", text: reason)])
        case .backingOff(let position, var due):
            due = retries[id]?.due ?? due
            let name = "\(id)/\(position.attempt.script)#\(position.attempt.number)"
            let wait = Timespan(milliseconds: max(0, due - now()) / 1000 * 1000)
            let time = Date(timeIntervalSince1970: Double(due / 1000)).ISO8601Format()
            let outcome = try await lastOutcome(of: record, position.attempt.script)
            if let wish = try await lastWish(of: record, position) {
                let reason = wish.reason.map { ": \($0)" } ?? ""
                return Explanation(
                    reference: name,
                    summary: "\(name) is due at \(time), in \(wait), as the attempt before it asked\(reason).",
                    facts: [
                        .init(
                            kind: "again",
                            text: "it is run again at \(time), in \(wait), because it asked for it\(reason)",
                            values: ["due_at": "\(due)", "agains": "\(position.agains)"])
                    ] + outcome)
            }
            return Explanation(
                reference: name, summary: "\(name) waits for its retry, which is due at \(time), in \(wait).",
                facts: [
                    .init(kind: "retry", text: "the retry is due at \(time), in \(wait)", values: ["due_at": "\(due)"])
                ] + outcome)
        case .ended: return try await explainEnded(live.record)
        }
    }

    private func explainWaiting(_ live: LiveProcessing, _ position: Chain.Position) -> Explanation {
        let id = live.record.id
        let name = "\(id)/\(position.attempt.script)"
        var facts = admission.blockers(of: id, now: now()).map(fact)
        if waitingForEntries.contains(id) { facts = entryFacts(id) }
        if facts.isEmpty, let request = request(position.attempt, of: live) {
            // What can never start is not in the queue; the queue still says why.
            facts = admission.obstacles(to: request).map(fact)
        }
        if facts.isEmpty { facts = [.init(kind: "starting", text: "nothing: it is about to start")] }
        return Explanation(
            reference: name, summary: "\(name) waits: " + facts.map(\.text).joined(separator: "; ") + ".", facts: facts)
    }

    private func fact(_ blocker: Blocker) -> Explanation.Fact {
        switch blocker {
        case .taskPaused(let task):
            let reason = liveTasks[task]?.record.pauseReason ?? ""
            return .init(
                kind: "task-paused", text: "the Task \(task) is paused\(reason.isEmpty ? "" : ", \(reason)")",
                values: ["task": task])
        case .maxRunning(let task, let running, let limit):
            return .init(
                kind: "max-running", text: "\(running) Processings of \(task) run, and max_running is \(limit)",
                values: ["task": task, "running": "\(running)", "limit": "\(limit)"])
        case .resource(.disk, let wanted, let free): return diskFact(wanted: wanted, free: free)
        case .resource(let resource, let wanted, let free):
            return .init(
                kind: resource.name,
                text: "it needs \(amount(wanted, of: resource)), and \(amount(max(0, free), of: resource)) is free",
                values: ["wanted": "\(wanted)", "free": "\(free)"])
        case .pool(let pool, let wanted, let free, let holders):
            let names = holders.map(runningReference)
            let held = names.isEmpty ? "" : ", held by \(names.joined(separator: ", "))"
            return .init(
                kind: "pool", text: "it needs \(wanted) of the pool \(pool), and \(free) is free\(held)",
                values: [
                    "pool": pool, "wanted": "\(wanted)", "free": "\(free)", "holder": names.joined(separator: ","),
                ])
        case .reserved(let resource, let by):
            return .init(
                kind: resource.name, text: "\(resource.name) is kept for Processing \(by), which waits longer",
                values: ["holder": "\(by)"])
        case .reservedPool(let pool, let by):
            return .init(
                kind: "pool", text: "the pool \(pool) is kept for Processing \(by), which waits longer",
                values: ["pool": pool, "holder": "\(by)"])
        case .exceedsHost(let resource, let wanted, let capacity):
            return .init(
                kind: resource.name,
                text:
                    "it needs \(amount(wanted, of: resource)), and this host hands out \(amount(capacity, of: resource)) "
                    + "altogether: it can never start; lower the policy's limit or raise it in altp.yaml",
                values: ["wanted": "\(wanted)", "capacity": "\(capacity)"])
        case .exceedsPool(let pool, let wanted, let capacity):
            return .init(
                kind: "pool",
                text: "it needs \(wanted) of the pool \(pool), which has \(capacity) altogether: it can never start",
                values: ["pool": pool, "wanted": "\(wanted)", "capacity": "\(capacity)"])
        }
    }

    private func amount(_ value: Int64, of resource: Resource) -> String {
        switch resource {
        case .cpu:
            let text = value % 1000 == 0 ? "\(value / 1000)" : "\(Double(value) / 1000)"
            return "\(text) cores"
        case .memory: return "\(ByteSize(bytes: (value >> 20) << 20)) of memory"
        case .disk: return "\(SizeText.short(value)) of disk"
        case .uidBlocks: return "\(value) block of uids"
        }
    }

    private func runningReference(_ id: Int64) -> String {
        guard let attempt = processings[id]?.attempt else { return "\(id)" }
        return "\(id)/\(attempt.script)"
    }

    private func explainRunning(_ live: LiveProcessing, _ position: Chain.Position) -> Explanation {
        let name = "\(live.record.id)/\(position.attempt.script)#\(position.attempt.number)"
        let since = live.attempt?.startedAt ?? now()
        let time = Timespan(milliseconds: max(0, now() - since) / 1000 * 1000)
        var facts = [
            Explanation.Fact(kind: "running", text: "it has run for \(time)", values: ["since": "\(since)"])
        ]
        if let limits = live.script(position.attempt.script)?.policy.limits {
            let wallTime = live.attempt.map { Self.wallTime(of: $0, limits) }
            let limit = wallTime?.limit ?? limits.wallTime
            let extended = limit == limits.wallTime ? "" : ", extended from \(limits.wallTime)"
            var values = ["wall_time": "\(limit.milliseconds)"]
            values["deadline"] = wallTime.map { "\($0.deadline)" }
            facts.append(.init(kind: "limit", text: "it may run for \(limit)\(extended)", values: values))
        }
        facts += Self.wishFacts(live.attempt)
        if let progress = live.attempt?.progress {
            let text = live.attempt?.progressText.map { ": \($0)" } ?? ""
            facts.append(
                .init(
                    kind: "progress", text: "it reports \(Int(progress)) %\(text)", values: ["percent": "\(progress)"]))
        }
        return Explanation(reference: name, summary: "\(name) runs, for \(time) so far.", facts: facts)
    }

    private static func wishFacts(_ attempt: AttemptRecord?) -> [Explanation.Fact] {
        let wishes = AttemptWishes(attempt?.wishes)
        let reason = wishes.reason.map { ": \($0)" } ?? ""
        switch wishes.wish {
        case .again(let due)?:
            let time = Date(timeIntervalSince1970: Double(due / 1000)).ISO8601Format()
            return [
                .init(kind: "again", text: "it asks to be run again at \(time)\(reason)", values: ["due_at": "\(due)"])
            ]
        case .skipRest?: return [.init(kind: "skip-rest", text: "it asks to leave out the Scripts after it\(reason)")]
        case nil: return []
        }
    }

    /// What the attempt before asked for, when that is why this one is to come.
    private func lastWish(
        of record: ProcessingRecord, _ position: Chain.Position
    ) async throws(LauncherError) -> AttemptWishes? {
        let attempts = try await fromStore { () async throws(StoreError) in
            try await self.store.attempts(of: record.id)
        }
        let last = attempts.filter { $0.script == position.attempt.script && $0.number < position.attempt.number }
            .max { $0.number < $1.number }
        guard let last, let past = try? Chain.PastAttempt(last, run: last.run, reason: ""), past.wasRunAgain else {
            return nil
        }
        return AttemptWishes(last.wishes)
    }

    private func explainEnded(_ record: ProcessingRecord) async throws(LauncherError) -> Explanation {
        let script = record.script ?? ""
        let facts = try await lastOutcome(of: record, script) + keepingFacts(record)
        let reason = record.reason.map { ": \($0)" } ?? ""
        switch record.status {
        case .success:
            return Explanation(reference: "\(record.id)", summary: "\(record.id) succeeded\(reason).", facts: facts)
        case .cancelled:
            return Explanation(
                reference: "\(record.id)/\(script)", summary: "\(record.id) was cancelled at \(script)\(reason).",
                facts: facts)
        default:
            return Explanation(
                reference: "\(record.id)/\(script)",
                summary: "\(record.id)/\(script) failed as \(record.outcome ?? "")\(reason).", facts: facts)
        }
    }

    /// The evidence of a Script's last ended attempt.
    private func lastOutcome(
        of record: ProcessingRecord, _ script: String
    ) async throws(LauncherError) -> [Explanation.Fact] {
        let attempts = try await fromStore { () async throws(StoreError) in
            try await self.store.attempts(of: record.id)
        }
        let ended = attempts.filter { $0.script == script && $0.state == .ended }.max { $0.number < $1.number }
        guard let ended, let detail = ended.outcomeDetail,
            let outcome = try? JSONDecoder().decode(Outcome.self, from: Data(detail.utf8))
        else { return [] }
        return evidence(of: outcome, "\(record.id)/\(script)#\(ended.number)")
    }

    private func evidence(of outcome: Outcome, _ name: String) -> [Explanation.Fact] {
        var values = ["attempt": name, "outcome": outcome.kind.rawValue]
        if let status = outcome.exitStatus { values["exit_status"] = "\(status)" }
        if let signal = outcome.signal { values["signal"] = "\(signal)" }
        var facts = [
            Explanation.Fact(
                kind: "outcome", text: "\(name) ended as \(outcome.kind.rawValue): \(outcome.reason)", values: values)
        ]
        if let limit = outcome.limit {
            values = ["name": limit.name, "limit": "\(limit.limit)"]
            if let peak = limit.peak { values["peak"] = "\(peak)" }
            facts.append(
                .init(
                    kind: "limit",
                    text: "\(limit.name): limit \(figure(limit.limit, limit.name))"
                        + (limit.peak.map { ", peak \(figure($0, limit.name))" } ?? ""), values: values))
        }
        for call in outcome.deniedCalls {
            facts.append(
                .init(
                    kind: "denied-call",
                    text: "its seccomp policy refused \(call.name) \(call.count == 1 ? "once" : "\(call.count) times")",
                    values: ["name": call.name, "count": "\(call.count)", "killed": "\(call.killed)"]))
        }
        for connection in outcome.refusedConnections ?? [] {
            facts.append(
                .init(
                    kind: "refused-connection", text: "its policy's network list refused \(connection.description)",
                    values: [
                        "destination": connection.destination, "transport": connection.transport,
                        "count": "\(connection.count)",
                    ]))
        }
        if outcome.log.bytes > 0 {
            facts.append(
                .init(
                    kind: "log", text: "what it printed: altp logs \(name)", values: ["bytes": "\(outcome.log.bytes)"]))
        }
        return facts
    }

    private func figure(_ value: Int64, _ limit: String) -> String {
        switch limit {
        case "memory", "disk": ByteSize(bytes: value).description
        case "wall_time", "cpu_time": Timespan(milliseconds: value).description
        default: "\(value)"
        }
    }
}
