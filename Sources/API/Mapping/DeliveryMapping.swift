import Delivery
import Glibc
import Store
import Wire

extension DeliveryView {
    init(_ record: DeliveryRecord) {
        self.init(
            id: record.id, key: record.key, target: record.target, processing: record.processing.id,
            task: record.processing.task, status: record.processing.status.rawValue,
            outcome: record.processing.outcome, state: record.state.rawValue, tries: record.tries,
            createdAt: Timestamp(milliseconds: record.createdAt), triedAt: record.triedAt.map(Timestamp.init),
            dueAt: record.state == .waiting ? Timestamp(milliseconds: record.dueAt) : nil, response: record.response,
            error: record.error)
    }
}

extension NotificationView {
    init(_ record: DeliveryRecord) throws {
        self.init(
            type: "processing.\(record.processing.status.rawValue)",
            timestamp: Timestamp(milliseconds: record.processing.endedAt ?? record.createdAt),
            data: try ProcessingView(record.processing))
    }
}

extension DeliveryContents {
    /// What the API's own types make of it.
    static func ofThisHost() -> DeliveryContents {
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, buffer.count - 1)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let host = name.isEmpty ? "localhost" : name
        return DeliveryContents(
            body: { try WireJSON.encode(try NotificationView($0)) }, subject: { subject($0.processing, host) },
            lines: { lines($0.processing, host) }, agent: "altp/\(ProductVersion.current)", host: host)
    }

    private static func subject(_ processing: ProcessingRecord, _ host: String) -> String {
        let how = processing.outcome.map { $0 == processing.status.rawValue ? "" : " (\($0))" } ?? ""
        return "[altp \(host)] \(processing.task) \(processing.id): \(processing.status.rawValue)\(how)"
    }

    private static func lines(_ processing: ProcessingRecord, _ host: String) -> [String] {
        var lines = [
            "Processing \(processing.id) of the Task \(processing.task) on \(host) has ended: \(processing.status.rawValue)",
            "",
        ]
        if let script = processing.script { lines.append("Script:   \(script)") }
        if let outcome = processing.outcome { lines.append("Outcome:  \(outcome)") }
        if let reason = processing.reason { lines.append("Reason:   \(reason)") }
        if let event = processing.event { lines.append("Event:    \(event)") }
        lines.append("Created:  \(Timestamp(milliseconds: processing.createdAt))")
        if let at = processing.endedAt { lines.append("Ended:    \(Timestamp(milliseconds: at))") }
        let values = (try? parameters(json: processing.params)) ?? [:]
        for (name, value) in values.sorted(by: { $0.key < $1.key }).prefix(50) {
            lines.append("Param:    \(name)=\(value.text.prefix(500))")
        }
        lines.append("")
        lines.append("altp why \(processing.id)      says more")
        lines.append("altp logs \(processing.id)     prints what its last Script wrote")
        if processing.status == .failed {
            lines.append("altp enter \(processing.id)    opens a terminal where it failed")
        }
        return lines
    }
}
