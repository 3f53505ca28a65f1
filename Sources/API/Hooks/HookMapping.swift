import Configuration

/// Makes an Event of what a partner posts, as the webhook's file says. Pure.
struct HookMapping {
    struct Event: Sendable, Hashable {
        var type: String
        var key: String
        var params: [String: String]
    }

    /// What the post lacks.
    struct Refusal: Error, Hashable {
        /// The key of the webhook's file whose value cannot be made: `id`, `params.scene`.
        var field: String
        var detail: String
    }

    /// Bytes of one value.
    private static let longest = 32 << 10

    let webhook: WebhookDefinition
    let body: JSONValue
    /// By lower-case name.
    let headers: [String: String]

    func event() throws(Refusal) -> Event {
        var params: [String: String] = [:]
        for (name, template) in webhook.params.sorted(by: { $0.key < $1.key }) {
            params[name] = try text(template, "params.\(name)")
        }
        return Event(
            type: try text(webhook.type, "type") ?? "", key: try text(webhook.key, "id") ?? "", params: params)
    }

    /// - Returns: nil when it is to be left out.
    private func text(_ template: HookTemplate, _ field: String) throws(Refusal) -> String? {
        var result = ""
        for part in template.parts {
            switch part {
            case .text(let text): result += text
            case .value(let source, let fallback):
                if let value = try value(source, field) {
                    result += value
                } else {
                    switch fallback {
                    case .text(let text): result += text
                    case .absent: return nil
                    case .none: throw Refusal(field: field, detail: "needs \(source.description), which is missing")
                    }
                }
            }
            guard result.utf8.count <= Self.longest else {
                throw Refusal(field: field, detail: "would be longer than \(Self.longest) bytes")
            }
        }
        // A Script gets it as an environment variable, which ends at the first NUL.
        guard !result.utf8.contains(0) else { throw Refusal(field: field, detail: "would hold a NUL character") }
        return result
    }

    private func value(_ source: HookTemplate.Source, _ field: String) throws(Refusal) -> String? {
        switch source {
        case .header(let name): return headers[name]
        case .body(let path):
            switch body.value(at: path) {
            case nil, .null: return nil
            case .text(let text): return text
            case .number(let text): return text
            case .boolean(let flag): return flag ? "true" : "false"
            case .list, .object:
                throw Refusal(
                    field: field, detail: "needs a text, a number or a boolean as \(source.description), and gets more")
            }
        }
    }
}
