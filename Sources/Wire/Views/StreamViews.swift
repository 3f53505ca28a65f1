// What the stream's messages carry: `GET /stream`. The message's `event` names the type.

/// `ready`, the first message: the changes after this one follow. And `reset`, when those that a client resumes from are
/// not kept any more: what it knows is to be asked for anew, and the changes after this one follow.
package struct StreamPositionView: Sendable, Hashable, Codable {
    /// The id of the last change that is not told.
    package var id: Int64
    /// For `reset`: the id that it was asked to resume after, and the oldest that it could have been.
    package var after: Int64?
    package var oldest: Int64?

    package init(id: Int64, after: Int64? = nil, oldest: Int64? = nil) {
        self.id = id
        self.after = after
        self.oldest = oldest
    }
}

/// `processing`: one was created, has started, ended, …
package struct ProcessingChangeView: Sendable, Hashable, Codable {
    /// `created`, `started`, `ended`, `rerun`, `cancelling`, `skipped`, `pinned`, `unpinned`, or `removed`: its directories
    /// are gone.
    package var change: String
    package var at: Timestamp
    /// As it was then.
    package var processing: ProcessingView

    package init(change: String, at: Timestamp, processing: ProcessingView) {
        self.change = change
        self.at = at
        self.processing = processing
    }
}

/// `attempt`: one has started, ended, or was withdrawn because it could not be made.
package struct AttemptChangeView: Sendable, Hashable, Codable {
    /// `started`, `ended` or `withdrawn`.
    package var change: String
    package var at: Timestamp
    /// `42/calibrate#1`
    package var reference: Reference
    package var task: String
    package var outcome: String?
    package var reason: String?
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?

    package init(
        change: String, at: Timestamp, reference: Reference, task: String, outcome: String?, reason: String?,
        startedAt: Timestamp?, endedAt: Timestamp?
    ) {
        self.change = change
        self.at = at
        self.reference = reference
        self.task = task
        self.outcome = outcome
        self.reason = reason
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    enum CodingKeys: String, CodingKey {
        case change, at, reference, task, outcome, reason
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

/// `event`: one was received.
package struct EventChangeView: Sendable, Hashable, Codable {
    /// `received`
    package var change: String
    package var at: Timestamp
    package var event: EventView

    package init(change: String, at: Timestamp, event: EventView) {
        self.change = change
        self.at = at
        self.event = event
    }
}

/// `task`: one was paused, resumed, added, changed or removed.
package struct TaskChangeView: Sendable, Hashable, Codable {
    package var change: String
    package var at: Timestamp
    package var task: String
    /// Who paused it, and why.
    package var reason: String?

    package init(change: String, at: Timestamp, task: String, reason: String?) {
        self.change = change
        self.at = at
        self.task = task
        self.reason = reason
    }
}

/// `host`: the Launcher has started, stops, or read its folder again; the disk is short, or is no longer.
package struct HostChangeView: Sendable, Hashable, Codable {
    /// `started`, `stopping`, `reloaded`, `disk_short` or `disk_enough`.
    package var change: String
    package var at: Timestamp
    package var reason: String?

    package init(change: String, at: Timestamp, reason: String?) {
        self.change = change
        self.at = at
        self.reason = reason
    }
}

/// `progress`: what a running attempt told of itself. It has no id: who resumes does not get what was told meanwhile.
package struct ProgressView: Sendable, Hashable, Codable {
    package var at: Timestamp
    package var reference: Reference
    package var task: String
    /// 0 to 100.
    package var percent: Double?
    package var text: String?

    package init(at: Timestamp, reference: Reference, task: String, percent: Double?, text: String?) {
        self.at = at
        self.reference = reference
        self.task = task
        self.percent = percent
        self.text = text
    }
}

/// `log`: more of an attempt's log. It has no id: who resumes gives the offset that follows.
package struct LogPieceView: Sendable, Hashable, Codable {
    package var reference: Reference
    /// Of its first byte in the log.
    package var offset: Int64
    /// The offset after its last byte.
    package var next: Int64
    /// What was written, where that is UTF-8.
    package var text: String?
    /// Where it is not.
    package var base64: String?
    /// The attempt has ended, and this is all of the log.
    package var ended: Bool

    package init(reference: Reference, offset: Int64, next: Int64, text: String?, base64: String?, ended: Bool) {
        self.reference = reference
        self.offset = offset
        self.next = next
        self.text = text
        self.base64 = base64
        self.ended = ended
    }
}
