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
    package static let webhooks: [Webhook] = []
}
