/// Reads server-sent events from bytes as they come (HTML Living Standard, section 9.2.6). Pure.
package struct MessageReader {
    package struct Message: Sendable, Hashable {
        package var event: String
        /// That of this message, or of the last one that had one.
        package var id: String?
        package var data: String

        package init(event: String, id: String?, data: String) {
            self.event = event
            self.id = id
            self.data = data
        }
    }

    /// Most bytes of one line: a server that never ends one does not fill the memory.
    private static let longest = 16 << 20

    private var line: [UInt8] = []
    private var hasEndedWithReturn = false
    private var event = ""
    private var data: [String] = []
    private var lastID: String?

    package init() {}

    package mutating func feed(_ bytes: some Collection<UInt8>) throws(HTTPError) -> [Message] {
        var messages: [Message] = []
        for byte in bytes {
            switch byte {
            case 0x0A where hasEndedWithReturn: hasEndedWithReturn = false
            case 0x0A, 0x0D:
                hasEndedWithReturn = byte == 0x0D
                if let message = end() { messages.append(message) }
            default:
                hasEndedWithReturn = false
                line.append(byte)
                guard line.count <= Self.longest else { throw HTTPError("a line of the stream is too long") }
            }
        }
        return messages
    }

    private mutating func end() -> Message? {
        defer { line = [] }
        guard !line.isEmpty else {
            defer { (event, data) = ("", []) }
            return data.isEmpty
                ? nil
                : Message(event: event.isEmpty ? "message" : event, id: lastID, data: data.joined(separator: "\n"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? String(parts[1].hasPrefix(" ") ? parts[1].dropFirst() : parts[1]) : ""
        switch parts[0] {
        case "event": event = value
        case "data": data.append(value)
        case "id": if !value.utf8.contains(0) { lastID = value }
        default: break
        }
        return nil
    }
}
