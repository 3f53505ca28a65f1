/// A bearer token, without its secret.
package struct TokenRecord: Sendable, Hashable {
    package var id: String
    /// SHA-256 of the secret, hexadecimal.
    package var hash: String
    package var name: String
    package var description: String?
    package var role: String
    /// A JSON list of names; nil for all Tasks.
    package var tasks: String?
    package var createdAt: Int64
    package var createdBy: String
    package var expiresAt: Int64?
    package var revokedAt: Int64?
    package var lastUsedAt: Int64?

    package init(
        id: String, hash: String, name: String, description: String?, role: String, tasks: String?, createdAt: Int64,
        createdBy: String, expiresAt: Int64?, revokedAt: Int64? = nil, lastUsedAt: Int64? = nil
    ) {
        self.id = id
        self.hash = hash
        self.name = name
        self.description = description
        self.role = role
        self.tasks = tasks
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
    }

    static let columns =
        "id, hash, name, description, role, tasks, created_at, created_by, expires_at, revoked_at, last_used_at"

    init(_ row: Row) {
        self.init(
            id: row.text(0), hash: row.text(1), name: row.text(2), description: row.optionalText(3), role: row.text(4),
            tasks: row.optionalText(5), createdAt: row.integer(6), createdBy: row.text(7),
            expiresAt: row.optionalInteger(8), revokedAt: row.optionalInteger(9), lastUsedAt: row.optionalInteger(10))
    }
}

extension StoreTransaction {
    /// - Returns: false when a token of this name is valid, and none was made.
    package func insertToken(_ token: TokenRecord) throws(StoreError) -> Bool {
        try connection.run(
            """
            INSERT INTO token (\(TokenRecord.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
            """, .text(token.id), .text(token.hash), .text(token.name), .optional(token.description),
            .text(token.role), .optional(token.tasks), .integer(token.createdAt), .text(token.createdBy),
            .optional(token.expiresAt), .optional(token.revokedAt), .optional(token.lastUsedAt))
        return connection.changes > 0
    }

    /// What is revoked stays in the table, so that the audit log can be read later.
    package func revokeToken(_ id: String, at: Int64) throws(StoreError) {
        try connection.run(
            "UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", .integer(at), .text(id))
    }

    package func noteUse(ofToken id: String, at: Int64) throws(StoreError) {
        try connection.run("UPDATE token SET last_used_at = ? WHERE id = ?", .integer(at), .text(id))
    }
}

extension Store {
    /// All of them, the revoked and expired ones too, newest first.
    package func tokens() async throws(StoreError) -> [TokenRecord] {
        try await read { connection throws(StoreError) in
            try connection.all(
                "SELECT \(TokenRecord.columns) FROM token ORDER BY created_at DESC, id", [], TokenRecord.init)
        }
    }
}
