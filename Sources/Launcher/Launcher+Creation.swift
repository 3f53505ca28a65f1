import Configuration
import FoundationEssentials
import Sandbox
package import Store

/// A Processing that is about to be recorded.
struct NewProcessing: Sendable {
    var record: ProcessingRecord
    var definition: TaskDefinition
    var definitionText: String
}

/// An Event that is about to be recorded, with the Processings that it causes if it is new.
struct NewEvent: Sendable {
    var record: EventRecord
    var force: Bool
    var processings: [NewProcessing]
}

extension Launcher {
    // MARK: Events

    /// Takes an Event. When this returns, it and the Processings that it causes are on the disk.
    ///
    /// - Parameters:
    ///   - key: its deduplication key.
    ///   - force: sends it again although it is there.
    ///   - source: who sends it.
    ///   - receipt: is kept with it.
    package func send(
        type: String, key: String, params: [String: String], force: Bool, by source: String,
        receipt: RequestReceipt? = nil
    ) async throws(LauncherError) -> EventReceipt {
        let event = try await prepareEvent(type: type, key: key, params: params, force: force, by: source)
        let results = try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                let inserted = try Self.insert([event], in: transaction)
                if let receipt, let taken = inserted.first?.receipt {
                    let made = "{\"event\":\(taken.event.id),\"duplicate\":\(taken.duplicate)}"
                    try transaction.keep(receipt, made: made, at: event.record.createdAt)
                }
                return inserted
            }
        }
        bringToLife(results)
        return results[0].receipt
    }

    /// Finds out what an Event will cause. Throws when a Task that listens to it refuses its parameters.
    func prepareEvent(
        type: String, key: String, params: [String: String], force: Bool, by source: String
    ) async throws(LauncherError) -> NewEvent {
        guard !isStopping else { throw LauncherError(.unavailable, "the Launcher is stopping") }
        for (name, called, value) in [("type", "type", type), ("key", "key (its id in files)", key)]
        where !Self.isEventName(value) {
            throw LauncherError(
                .invalid,
                "an Event's \(called) is a text of 1 to \(EventLines.longestName) bytes without control characters",
                field: name)
        }
        var caused: [NewProcessing] = []
        for task in liveTasks.values.sorted(by: { $0.definition.name < $1.definition.name }) {
            guard task.definition.trigger == .event(type) else { continue }
            caused.append(try await prepare(task, params: params, extras: .ignored))
        }
        let record = EventRecord(
            id: 0, type: type, key: key, params: JSONText.object(params), source: source, createdAt: now())
        return NewEvent(record: record, force: force, processings: caused)
    }

    private static func isEventName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= EventLines.longestName
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    struct InsertedEvent: Sendable {
        var receipt: EventReceipt
        var created: [NewProcessing]
    }

    /// Records Events with their Processings, within one transaction.
    static func insert(_ events: [NewEvent], in transaction: StoreTransaction) throws(StoreError) -> [InsertedEvent] {
        var results: [InsertedEvent] = []
        for event in events {
            let (id, isNew) = try transaction.insertEvent(event.record, force: event.force)
            guard isNew else {
                let record = try transaction.event(id) ?? event.record
                let ids = try transaction.processings(ofEvent: id)
                results.append(
                    InsertedEvent(
                        receipt: EventReceipt(event: record, processings: ids, duplicate: true), created: []))
                continue
            }
            var record = event.record
            record.id = id
            var change = ChangeRecord(.events, .received, at: record.createdAt)
            change.event = id
            try transaction.tell(change)
            var created: [NewProcessing] = []
            for var processing in event.processings {
                processing.record.event = id
                created.append(
                    try insert(
                        processing, "created for Event \(record.type) \(record.key), sent by \(record.source)",
                        transaction))
            }
            results.append(
                InsertedEvent(
                    receipt: EventReceipt(event: record, processings: created.map(\.record.id), duplicate: false),
                    created: created))
        }
        return results
    }

    private static func insert(
        _ processing: NewProcessing, _ note: String, _ transaction: StoreTransaction
    ) throws(StoreError) -> NewProcessing {
        var result = processing
        try transaction.keepDefinition(hash: result.record.definition, content: result.definitionText)
        result.record.id = try transaction.insertProcessing(result.record)
        try transaction.note(note, on: result.record.id, at: result.record.createdAt)
        try transaction.tell(ChangeRecord(.created, of: result.record, at: result.record.createdAt))
        return result
    }

    func bringToLife(_ events: [InsertedEvent]) {
        for event in events {
            if !event.receipt.duplicate {
                LauncherLog.write(
                    .info, "Event", ("type", event.receipt.event.type), ("id", event.receipt.event.key),
                    ("by", event.receipt.event.source),
                    ("processings", event.receipt.processings.map(String.init).joined(separator: ",")))
            }
            for processing in event.created { bringToLife(processing, event.receipt.event) }
        }
    }

    func bringToLife(_ processing: NewProcessing, _ event: EventRecord? = nil) {
        let id = processing.record.id
        let chain = Chain(scripts: processing.definition.scripts)
        processings[id] = LiveProcessing(
            record: processing.record, definition: processing.definition, chain: chain, event: event)
        perform(chain.opening, for: id)
    }

    // MARK: By hand and by time

    /// Creates a Processing of the Task by hand; a paused Task's waits.
    package func trigger(
        task name: String, params: [String: String], by source: String, receipt: RequestReceipt? = nil
    ) async throws(LauncherError) -> Int64 {
        guard !isStopping else { throw LauncherError(.unavailable, "the Launcher is stopping") }
        let task = try known(name)
        let processing = try await prepare(task, params: params, extras: .refused)
        return try await create(processing, note: "created by \(source)", tick: nil, receipt: receipt)
    }

    /// Records a Processing, and with it the tick that caused it, if one did.
    func create(
        _ processing: NewProcessing, note: String, tick: Int64?, receipt: RequestReceipt? = nil
    ) async throws(LauncherError) -> Int64 {
        let created = try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                if let tick { try transaction.saveTick(tick, task: processing.record.task) }
                let created = try Self.insert(processing, note, transaction)
                if let receipt {
                    let made = "{\"processing\":\(created.record.id)}"
                    try transaction.keep(receipt, made: made, at: created.record.createdAt)
                }
                return created
            }
        }
        bringToLife(created)
        return created.record.id
    }

    func known(_ name: String) throws(LauncherError) -> LiveTask {
        guard let task = liveTasks[name] else {
            let names = liveTasks.keys.sorted().joined(separator: ", ")
            throw LauncherError(.notFound, "there is no Task \(name)\(names.isEmpty ? "" : "; there are \(names)")")
        }
        return task
    }

    /// A Processing of the Task as its files are now.
    func prepare(
        _ task: LiveTask, params: [String: String], extras: Parameters.Extras
    ) async throws(LauncherError) -> NewProcessing {
        let values: [String: String]
        do {
            values = try Parameters(task.definition.params, given: params, extras: extras).values
        } catch {
            let first = error.problems.first
            throw LauncherError(
                .invalid, "Task \(task.definition.name): \(error.description)", field: first?.field)
        }
        let scripts = try await content.keep(folder.scriptsFolder(of: task.definition.name))
        let record = ProcessingRecord(
            id: 0, task: task.definition.name, definition: task.definitionHash, scripts: scripts, event: nil,
            params: JSONText.object(values), priority: task.definition.priority, status: .waiting, createdAt: now())
        return NewProcessing(record: record, definition: task.definition, definitionText: task.definitionText)
    }
}
