import Wire

/// A request that the Launcher makes, to an address that the host's configuration names.
package struct Webhook: Sendable {
    /// By which the description lists it.
    package var name: String
    package var summary: String
    /// The JSON that it carries.
    package var body: any (Decodable & Sendable).Type
    package var headers: [Route.Header]

    package init(_ name: String, _ summary: String, body: any (Decodable & Sendable).Type, headers: [Route.Header] = [])
    {
        self.name = name
        self.summary = summary
        self.body = body
        self.headers = headers
    }
}

extension RouteTable {
    /// What is called when a Processing ends, and the like.
    package static let webhooks: [Webhook] = [
        Webhook(
            "processingEnded", "A Processing has ended, as `notify` in altp.yaml asks to be told",
            body: NotificationView.self,
            headers: [
                .init("webhook-id", .text, isRequired: true, "The same at every try"),
                .init(
                    "webhook-timestamp", .integer(0...Int64.max), isRequired: true, "Of this try, in seconds since 1970"
                ),
                .init(
                    "webhook-signature", .text,
                    "`v1,` and the HMAC-SHA256 of id, timestamp and body in Base64, as Standard Webhooks has it; absent without a secret"
                ),
            ])
    ]
}
