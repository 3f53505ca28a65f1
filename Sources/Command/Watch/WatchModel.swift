/// What `altp watch` knows of the Processings it follows. Snapshots go in; lines on what happened since the last one come out.
struct WatchModel {
    /// A Processing as one poll showed it.
    struct Snapshot: Hashable {
        var id: Int64
        var task: String
        /// Its Event's key, when it has one.
        var label: String?
        var status: String
        var isFinal: Bool
        var reason: String?
        /// When another attempt is due, milliseconds since the epoch.
        var retryAt: Int64?
        /// The chain's Scripts by name, in order.
        var chain: [String]
        /// In the order they started.
        var attempts: [Attempt]
        var createdAt: Int64
        var startedAt: Int64?
        var endedAt: Int64?
    }

    struct Attempt: Hashable {
        var script: String
        var number: Int
        /// Nil while it runs.
        var outcome: String?
        var reason: String?
        var progress: Double?
        var progressText: String?
        var startedAt: Int64
        var endedAt: Int64?
    }

    /// One thing that happened.
    struct Line: Hashable {
        var time: Int64
        var id: Int64
        var task: String
        var text: String
        /// The outcome or status it tells of, for its colour.
        var outcome: String?
        /// It tells of the Processing's end.
        var isEnd = false
    }

    private(set) var known: [Int64: Snapshot] = [:]

    /// Those that have not ended, by id.
    var live: [Snapshot] { known.values.filter { !$0.isFinal }.sorted { $0.id < $1.id } }

    mutating func update(_ snapshot: Snapshot, now: Int64) -> [Line] {
        let before = known[snapshot.id]
        known[snapshot.id] = snapshot
        guard before != snapshot else { return [] }
        var lines: [Line] = []
        func say(_ time: Int64, _ text: String, _ outcome: String? = nil, isEnd: Bool = false) {
            lines.append(
                Line(time: time, id: snapshot.id, task: snapshot.task, text: text, outcome: outcome, isEnd: isEnd))
        }
        if before == nil { say(snapshot.createdAt, snapshot.label.map { "waiting: \($0)" } ?? "waiting") }
        if let before, before.isFinal, !snapshot.isFinal { say(now, "runs again") }
        let last = snapshot.attempts.last
        for attempt in snapshot.attempts {
            let earlier = before?.attempts.first { $0.script == attempt.script && $0.number == attempt.number }
            let name = "\(attempt.script) #\(attempt.number)"
            if earlier == nil, attempt.outcome == nil { say(attempt.startedAt, "\(name) started") }
            guard let outcome = attempt.outcome, earlier?.outcome == nil else { continue }
            let length = attempt.endedAt.map { " after \(TimeText.duration($0 - attempt.startedAt))" } ?? ""
            var text = "\(name) \(outcome)"
            text += outcome == "success" ? length : attempt.reason.map { ": \($0)" } ?? length
            if attempt == last, !snapshot.isFinal, let due = snapshot.retryAt, due > now {
                text += " (retry in \(TimeText.countdown(due - now)))"
            }
            say(attempt.endedAt ?? now, text, outcome)
        }
        if snapshot.isFinal, before?.isFinal != true || before?.endedAt != snapshot.endedAt {
            let start = snapshot.startedAt ?? snapshot.createdAt
            let end = snapshot.endedAt ?? now
            say(end, Self.ending(snapshot, length: end - start), snapshot.status, isEnd: true)
        }
        return lines
    }

    private static func ending(_ snapshot: Snapshot, length: Int64) -> String {
        let length = TimeText.duration(length)
        switch snapshot.status {
        case "success": return "done in \(length)"
        case "failed": return "failed after \(length); altp why \(snapshot.id) says more"
        default: return "\(snapshot.status) after \(length)"
        }
    }
}
