import Sandbox
import Store
import Wire

extension SessionView {
    init(_ record: EntryRecord) throws {
        self.init(
            id: record.id,
            reference: Reference(processing: record.processing, script: record.script, attempt: record.number),
            who: record.who,
            command: try record.command.map { try WireJSON.decode([String].self, from: Array($0.utf8)) },
            relaxed: record.relaxed, snapshot: record.snapshot, startedAt: Timestamp(milliseconds: record.startedAt))
    }
}

extension SessionExitView {
    init(_ end: SessionEnd) {
        var signal: Int32?
        var reason: String?
        switch end.kind {
        case .exited: break
        case .signaled(let number): signal = number
        case .notExecuted(_, let text), .ended(let text): reason = text
        }
        self.init(
            status: end.status, signal: signal, reason: reason,
            deniedCalls: end.deniedCalls.map { .init(name: $0.name, count: $0.count, killed: $0.killed) })
    }
}
