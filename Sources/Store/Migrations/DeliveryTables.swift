extension Schema {
    /// Who is to be told that a Processing has ended: a row for each of them, with what the Processing then was.
    static let deliveryTables = """
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,  -- the same at every try, so that a receiver knows a repetition
            target TEXT NOT NULL,
            processing INTEGER NOT NULL REFERENCES processing (id),
            run INTEGER NOT NULL,
            status TEXT NOT NULL,
            outcome TEXT,
            script TEXT,
            reason TEXT,
            started_at INTEGER,
            ended_at INTEGER,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            began_at INTEGER NOT NULL,  -- later than created_at where it was asked for again
            due_at INTEGER NOT NULL,
            tried_at INTEGER,
            response INTEGER,
            error TEXT
        );
        CREATE INDEX delivery_waiting ON delivery (target, due_at) WHERE state = 'waiting';
        CREATE INDEX delivery_by_state ON delivery (state, id);
        CREATE INDEX delivery_by_processing ON delivery (processing, id);
        """
}
