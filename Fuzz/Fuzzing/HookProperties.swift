@testable import API
@testable import Command
@testable import Configuration
import Wire

enum HookProperties {
    /// The first line is a template of a webhook's file, the rest what a partner posts.
    static func hook(_ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: 10) ?? bytes.endIndex
        let body = Array(bytes[min(end + 1, bytes.count)...])
        guard let template = try? HookTemplate(parsing: String(decoding: bytes[..<end], as: UTF8.self)),
            let fixed = try? HookTemplate(parsing: "fixed"),
            let value = try? WireJSON.decode(JSONValue.self, from: body)
        else { return }
        var webhook = WebhookDefinition(name: "fuzz", type: fixed, key: fixed)
        webhook.params = ["p": template]
        let mapping = HookMapping(webhook: webhook, body: value, headers: ["x-id": "1"])
        guard let event = try? mapping.event(), let text = event.params["p"] else { return }
        require(text.utf8.count <= 32 << 10, "a value is bounded")
        require(!text.utf8.contains(0), "a value holds no NUL")
    }

    /// However it comes in pieces, a stream tells the same messages.
    static func stream(_ bytes: [UInt8]) {
        var whole = MessageReader()
        var pieces = MessageReader()
        guard let messages = try? whole.feed(bytes) else { return }
        var found: [MessageReader.Message] = []
        for byte in bytes { found += (try? pieces.feed([byte])) ?? [] }
        require(found == messages, "pieces are read as the whole is")
        for message in messages { require(!message.event.isEmpty, "a message has a name") }
        _ = ByteRange(String(decoding: bytes.prefix(100), as: UTF8.self), size: Int64(bytes.count))
        if let whole = UTF8Ending.whole(bytes) {
            require(bytes.count - whole <= 3, "no more than the beginning of a character is left")
        }
    }
}
