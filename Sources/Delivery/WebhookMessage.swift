import FoundationEssentials

/// What a webhook is sent, signed as Standard Webhooks 1.0.0 has it: over id, time and body, so that a copy of it can
/// neither be changed nor sent again much later.
package struct WebhookMessage: Sendable, Hashable {
    package var id: String
    /// Seconds since the epoch, of this try.
    package var timestamp: Int64
    package var body: [UInt8]

    package init(id: String, timestamp: Int64, body: [UInt8]) {
        self.id = id
        self.timestamp = timestamp
        self.body = body
    }

    /// The header `webhook-signature`.
    ///
    /// - Parameter secret: as its file holds it: `whsec_` and base64, or any other text, which is taken as it is.
    package func signature(secret: String) -> String {
        let content = Array("\(id).\(timestamp).".utf8) + body
        return "v1," + Data(HMAC.sha256(content, key: Self.key(secret))).base64EncodedString()
    }

    package func headers(secret: String?) -> [String] {
        var headers = [
            "Content-Type: application/json", "webhook-id: \(id)", "webhook-timestamp: \(timestamp)",
            // No "100 Continue" is waited for.
            "Expect:",
        ]
        if let secret { headers.append("webhook-signature: \(signature(secret: secret))") }
        return headers
    }

    static func key(_ secret: String) -> [UInt8] {
        if secret.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(secret.dropFirst(6))) {
            return Array(bytes)
        }
        return Array(secret.utf8)
    }
}
