import Store
import Wire

/// Items of the list of Processings, the API's busiest answer, as JSON: what `ProcessingView` and the coder make of the
/// records, written straight from them.
enum ProcessingItems {
    /// - Parameter labels: by Processing.
    static func json(
        _ records: [ProcessingRecord], labels: [Int64: [String: String]], _ list: ListRequest
    ) throws -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + records.count * 640)
        writer.beginArray()
        for record in records { try write(record, labels[record.id] ?? [:], list, &writer) }
        writer.endArray()
        return writer.bytes
    }

    /// The names in the order of their bytes.
    private static func write(
        _ record: ProcessingRecord, _ labels: [String: String], _ list: ListRequest, _ writer: inout JSONWriter
    ) throws {
        func text(_ name: StaticString, _ text: String?) {
            guard let text, list.fields == nil || list.has(name.description) else { return }
            writer.name(name)
            writer.value(text)
        }
        func number(_ name: StaticString, _ number: Int64?) {
            guard let number, list.fields == nil || list.has(name.description) else { return }
            writer.name(name)
            writer.value(number)
        }
        func time(_ name: StaticString, _ milliseconds: Int64?) {
            guard let milliseconds, list.fields == nil || list.has(name.description) else { return }
            writer.name(name)
            writer.value(Timestamp(milliseconds: milliseconds))
        }
        writer.beginObject()
        text("cause", record.cause)
        time("created_at", record.createdAt)
        text("definition", record.definition)
        time("ended_at", record.endedAt)
        number("event", record.event)
        number("id", record.id)
        if list.has("labels") {
            writer.name("labels")
            if labels.isEmpty { writer.value(json: "{}".utf8) } else { writer.value(json: try WireJSON.encode(labels)) }
        }
        text("outcome", record.outcome)
        if list.has("params") {
            writer.name("params")
            if JSONBytes.isPlainStringMap(record.params) {
                writer.value(json: record.params.utf8)
            } else {
                writer.value(json: try WireJSON.encode(try parameters(json: record.params)))
            }
        }
        number("priority", Int64(record.priority))
        text("reason", record.reason)
        text("script", record.script)
        text("scripts_hash", record.scripts)
        time("started_at", record.startedAt)
        text("status", record.status.rawValue)
        text("task", record.task)
        writer.endObject()
    }
}
