/// A request's body as the audit log has it: short, in one line, without what looks like a secret.
///
/// It is read as a row of JSON's words, not as JSON: what each costs would be paid for every Event.
struct AuditSummary {
    private static let mostBytes = 400
    private static let deepest = 16

    private static let secrets = [
        "secret", "token", "password", "passwd", "credential", "authorization", "apikey", "api_key",
    ]

    private let body: [UInt8]
    private var position = 0
    private var text: [UInt8] = []
    /// Each open object or list: whether what is in it is hidden.
    private var open: [(isObject: Bool, isHidden: Bool)] = []
    /// The next value belongs to a key that says so.
    private var hidesNext = false
    private var expectsKey = false

    static func of(_ body: [UInt8]) -> String? {
        guard !body.isEmpty else { return nil }
        var summary = AuditSummary(body)
        guard let text = summary.read() else { return "(\(body.count) bytes)" }
        return text == "{}" ? nil : text
    }

    private init(_ body: [UInt8]) { self.body = body }

    /// Nil when it is no JSON.
    private mutating func read() -> String? {
        while position < body.count {
            guard text.count <= Self.mostBytes else {
                // A character that is cut becomes the replacement character.
                return String(decoding: text.prefix(Self.mostBytes), as: UTF8.self) + "… (\(body.count) bytes)"
            }
            guard word() else { return nil }
        }
        return open.isEmpty && !text.isEmpty ? String(decoding: text, as: UTF8.self) : nil
    }

    /// - Returns: false for what cannot stand here.
    private mutating func word() -> Bool {
        let byte = body[position]
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D:
            position += 1
            return true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard open.count < Self.deepest, !expectsKey else { return false }
            let isObject = byte == UInt8(ascii: "{")
            open.append((isObject, hidesNext || isHidden))
            (hidesNext, expectsKey) = (false, isObject)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard let last = open.popLast(), last.isObject == (byte == UInt8(ascii: "}")) else { return false }
            expectsKey = false
        case UInt8(ascii: ","):
            guard let last = open.last else { return false }
            expectsKey = last.isObject
        case UInt8(ascii: ":"): expectsKey = false
        case UInt8(ascii: "\""): return string()
        default: return scalar()
        }
        text.append(byte)
        position += 1
        return true
    }

    private var isHidden: Bool { open.last?.isHidden ?? false }

    private mutating func string() -> Bool {
        var end = position + 1
        while end < body.count, body[end] != UInt8(ascii: "\"") { end += body[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < body.count else { return false }
        let content = body[(position + 1)..<end]
        position = end + 1
        if expectsKey {
            let name = String(decoding: content.prefix(200), as: UTF8.self).lowercased()
            hidesNext = name == "environment" || Self.secrets.contains { name.contains($0) }
            write(content)
        } else {
            write(hidesNext || isHidden ? Array("***".utf8)[...] : content)
            hidesNext = false
        }
        return true
    }

    /// In quotes. What acts on a terminal stands in JSON as an escape, or is made one here.
    private mutating func write(_ content: ArraySlice<UInt8>) {
        text.append(UInt8(ascii: "\""))
        for byte in content.prefix(Self.mostBytes) {
            if byte < 0x20 || byte == 0x7F {
                text += Array("\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8)
            } else {
                text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    /// A number, a boolean or null.
    private mutating func scalar() -> Bool {
        let begin = position
        while position < body.count, Self.isPlain(body[position]) { position += 1 }
        guard position > begin, !expectsKey else { return false }
        if hidesNext || isHidden {
            text += Array("\"***\"".utf8)
        } else {
            text += body[begin..<position].prefix(Self.mostBytes)
        }
        hidesNext = false
        return true
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "E") || "+-.".utf8.contains(byte)
        }
    }
}
