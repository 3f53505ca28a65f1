extension Schema {
    /// Tokens of people and programs that reach the API over TCP, and what was changed by whom.
    static let tokenTables = """
        CREATE TABLE token (
            id TEXT PRIMARY KEY,
            hash TEXT NOT NULL,  -- SHA-256 of the secret
            name TEXT NOT NULL,
            description TEXT,
            role TEXT NOT NULL,
            tasks TEXT,  -- a JSON list of names; null for all
            created_at INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            expires_at INTEGER,
            revoked_at INTEGER,
            last_used_at INTEGER
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX token_by_name ON token (name) WHERE revoked_at IS NULL;

        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,  -- person, script or refused
            who TEXT NOT NULL,
            origin TEXT NOT NULL,
            method TEXT NOT NULL,
            path TEXT NOT NULL,
            body TEXT,
            status INTEGER NOT NULL,
            request TEXT NOT NULL
        );
        CREATE INDEX audit_by_kind ON audit (kind, id);
        """
}
