/// A token, without its secret: `GET /tokens`
package struct TokenView: Sendable, Hashable, Codable {
    package var id: String
    package var name: String
    package var description: String?
    package var role: String
    /// Absent for all Tasks, and the host.
    package var tasks: [String]?
    /// `valid`, `expired` or `revoked`.
    package var state: String
    package var createdAt: Timestamp
    /// `cli:root`
    package var createdBy: String
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    /// To ten minutes.
    package var lastUsedAt: Timestamp?

    package init(
        id: String, name: String, description: String?, role: String, tasks: [String]?, state: String,
        createdAt: Timestamp, createdBy: String, expiresAt: Timestamp?, revokedAt: Timestamp?, lastUsedAt: Timestamp?
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.role = role
        self.tasks = tasks
        self.state = state
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, description, role, tasks, state
        case createdAt = "created_at"
        case createdBy = "created_by"
        case expiresAt = "expires_at"
        case revokedAt = "revoked_at"
        case lastUsedAt = "last_used_at"
    }
}

/// `POST /tokens`: the only time that the secret is told.
package struct CreatedTokenView: Sendable, Hashable, Codable {
    /// What goes after `Authorization: Bearer`.
    package var secret: String
    package var token: TokenView

    package init(secret: String, token: TokenView) {
        self.secret = secret
        self.token = token
    }
}
