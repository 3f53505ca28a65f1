extension Schema {
    /// Requests that are done once, however often they come (draft-ietf-httpapi-idempotency-key-header).
    static let idempotencyTables = """
        CREATE TABLE idempotency (
            id INTEGER PRIMARY KEY,
            caller TEXT NOT NULL,
            key TEXT NOT NULL,
            request TEXT NOT NULL,  -- a hash of all that was asked for
            at INTEGER NOT NULL,
            made TEXT,  -- what the request has made, a JSON object; written by the transaction that made it
            status INTEGER,  -- with the two below: the answer, once there is one
            headers TEXT,
            body TEXT,
            UNIQUE (caller, key)
        );
        CREATE INDEX idempotency_by_caller ON idempotency (caller);
        CREATE INDEX idempotency_by_time ON idempotency (at);

        -- Of a request about many Processings those for which it is done.
        CREATE TABLE idempotency_item (
            request INTEGER NOT NULL REFERENCES idempotency (id) ON DELETE CASCADE,
            processing INTEGER NOT NULL,
            PRIMARY KEY (request, processing)
        ) WITHOUT ROWID;
        """
}
