import Sandbox
import Store
import Wire

/// What a client calls its request, so that it may send it again without its being done twice
/// (draft-ietf-httpapi-idempotency-key-header).
enum IdempotencyKey {
    static let header = "idempotency-key"
    static let replayed = "Idempotency-Replayed"
    static let longest = 255

    /// A String of Structured Field Values (RFC 9651, section 3.3.3), as the draft has it, or the same without its quotes,
    /// as many clients send it; nil for anything else.
    static func parse(_ text: String) -> String? {
        var bytes = Array(text.utf8)[...]
        guard bytes.first == UInt8(ascii: "\"") else {
            let isPlain = bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#"",;\"#.utf8.contains($0) }
            return isPlain && (1...longest).contains(bytes.count) ? text : nil
        }
        bytes = bytes.dropFirst()
        var key: [UInt8] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard bytes.isEmpty, (1...longest).contains(key.count) else { return nil }
                return String(decoding: key, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = bytes.popFirst(), escaped == 0x22 || escaped == 0x5C else { return nil }
                key.append(escaped)
            case 0x20..<0x7F: key.append(byte)
            default: return nil
            }
        }
        return nil
    }

    /// A hash of all that the request asks for.
    static func hash(of request: HTTPRequest) -> String {
        var digest = SHA256()
        digest.add(request.method)
        digest.add(request.instance)
        for item in request.query {
            digest.add(item.name)
            digest.add(item.value)
        }
        digest.add(request.headers["if-match"] ?? "")
        digest.add(request.body)
        return digest.finish()
    }

    /// What is done with a request.
    enum Decision: Sendable, Hashable {
        case run
        /// It was done, and the Launcher ended before it had answered: answer from what it has made.
        case answer(made: String)
        case replay(StoredAnswer)
        /// The key was used for another request.
        case reused
    }

    /// - Parameter record: what is known of the key.
    static func decide(_ record: RequestRecord?, request: String, now: Int64) -> Decision {
        guard let record, now - record.at < RequestMemory.time else { return .run }
        guard record.request == request else { return .reused }
        if let answer = record.answer { return .replay(answer) }
        if let made = record.made { return .answer(made: made) }
        return .run
    }
}
