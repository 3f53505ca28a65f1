import Launcher
import Store
import Wire

extension FeedFrame {
    /// - Throws: when a stored value cannot be read, or belongs to nothing any more.
    init(_ row: ChangeRow) throws {
        let change = row.change
        let at = Timestamp(milliseconds: change.at)
        self.init(
            id: change.id, topic: .init(change.topic), task: change.task, processing: change.processing, bytes: [])
        switch change.topic {
        case .processings:
            guard let processing = row.processing else { throw MissingSubject() }
            bytes = try ServerSentEvent.message(
                "processing", id: change.id,
                ProcessingChangeView(
                    change: change.kind.rawValue, at: at, processing: try ProcessingView(processing)))
        case .attempts:
            guard let processing = change.processing, let script = change.script, let number = change.number else {
                throw MissingSubject()
            }
            bytes = try ServerSentEvent.message(
                "attempt", id: change.id,
                AttemptChangeView(
                    change: change.kind.rawValue, at: at,
                    reference: Reference(processing: processing, script: script, attempt: number),
                    task: change.task ?? "", outcome: change.outcome, reason: change.reason,
                    startedAt: change.startedAt.map(Timestamp.init), endedAt: change.endedAt.map(Timestamp.init)))
        case .events:
            guard let event = row.event else { throw MissingSubject() }
            bytes = try ServerSentEvent.message(
                "event", id: change.id,
                EventChangeView(change: change.kind.rawValue, at: at, event: try EventView(event)))
        case .tasks:
            bytes = try ServerSentEvent.message(
                "task", id: change.id,
                TaskChangeView(
                    change: change.kind.rawValue, at: at, task: change.task ?? "", reason: change.reason))
        case .host:
            bytes = try ServerSentEvent.message(
                "host", id: change.id,
                HostChangeView(change: change.kind.rawValue, at: at, reason: change.reason))
        }
    }

    init(_ signal: ProgressSignal) throws {
        let reference = Reference(processing: signal.processing, script: signal.script, attempt: signal.number)
        self.init(
            topic: .progress, task: signal.task, processing: signal.processing,
            bytes: try ServerSentEvent.message(
                "progress",
                ProgressView(
                    at: Timestamp(milliseconds: signal.at), reference: reference, task: signal.task,
                    percent: signal.percent, text: signal.text)))
    }

    private struct MissingSubject: Error {}
}

extension FeedTopics {
    fileprivate init(_ topic: ChangeRecord.Topic) {
        switch topic {
        case .processings: self = .processings
        case .attempts: self = .attempts
        case .events: self = .events
        case .tasks: self = .tasks
        case .host: self = .host
        }
    }
}
