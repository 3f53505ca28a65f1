/// A place that a partner posts to, and the Event that comes of it: `webhooks/NAME.yaml`.
package struct WebhookDefinition: Sendable, Hashable, Codable {
    /// How a partner shows that it is one.
    package enum Token: Sendable, Hashable, Codable {
        /// A file that holds it.
        case file(String)
        /// Its SHA-256, as hexadecimal digits.
        case hash(String)
    }

    /// An HMAC-SHA256 of the body, in hexadecimal digits, perhaps after `sha256=`.
    package struct Signature: Sendable, Hashable, Codable {
        package var secretFile: String
        /// In lower case.
        package var header: String

        package init(secretFile: String, header: String = "x-hub-signature-256") {
            self.secretFile = secretFile
            self.header = header
        }
    }

    package var name: String
    package var description: String?
    package var type: HookTemplate
    package var key: HookTemplate
    package var params: [String: HookTemplate] = [:]
    /// At least one of the two is there; where both are, both must be right.
    package var token: Token?
    package var signature: Signature?

    package init(name: String, type: HookTemplate, key: HookTemplate) {
        self.name = name
        self.type = type
        self.key = key
    }
}
