/// A change that was asked for: `GET /audit`
package struct AuditView: Sendable, Hashable, Codable {
    package var id: Int64
    package var at: Timestamp
    /// `person`, `script`, or `refused` for want of rights.
    package var kind: String
    /// `cli:root`, `token:ci`, `script:42/discover#1`
    package var who: String
    /// `pid 4711 uid 0`, `192.0.2.7:50112`
    package var origin: String
    package var method: String
    package var path: String
    /// The request's body, shortened, without what looks like a secret.
    package var body: String?
    /// Of the answer.
    package var status: Int
    /// The `Altp-Request-Id` of the answer.
    package var request: String

    package init(
        id: Int64, at: Timestamp, kind: String, who: String, origin: String, method: String, path: String,
        body: String?,
        status: Int, request: String
    ) {
        self.id = id
        self.at = at
        self.kind = kind
        self.who = who
        self.origin = origin
        self.method = method
        self.path = path
        self.body = body
        self.status = status
        self.request = request
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id, at, kind, who, origin, method, path, body, status, request
    }
}
