/// The database's schema, as the steps that lead to it.
enum Schema {
    /// Step n brings a database from version n to n+1 (`PRAGMA user_version`). Steps are only ever added.
    static let migrations = [
        """
        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            type TEXT NOT NULL,
            key TEXT NOT NULL,
            repetition INTEGER NOT NULL DEFAULT 0,  -- above 0 for those sent again with force
            params TEXT NOT NULL,
            source TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (type, key, repetition)
        );
        CREATE INDEX event_by_type ON event (type, id);

        CREATE TABLE definition (hash TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;

        CREATE TABLE processing (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            task TEXT NOT NULL,
            definition TEXT NOT NULL REFERENCES definition (hash),
            scripts TEXT,
            event INTEGER REFERENCES event (id),
            params TEXT NOT NULL,
            priority INTEGER NOT NULL,
            status TEXT NOT NULL,
            outcome TEXT,
            script TEXT,
            reason TEXT,
            run INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            started_at INTEGER,
            ended_at INTEGER,
            uid_block INTEGER,
            expires_at INTEGER
        );
        CREATE INDEX processing_open ON processing (id) WHERE status IN ('waiting', 'running');
        CREATE INDEX processing_by_task ON processing (task, id);
        CREATE INDEX processing_by_status ON processing (status, id);
        CREATE INDEX processing_by_event ON processing (event) WHERE event IS NOT NULL;
        CREATE INDEX processing_kept ON processing (id) WHERE uid_block IS NOT NULL;

        CREATE TABLE attempt (
            processing INTEGER NOT NULL REFERENCES processing (id),
            script TEXT NOT NULL,
            number INTEGER NOT NULL,
            run INTEGER NOT NULL,
            state TEXT NOT NULL,
            outcome TEXT,
            detail TEXT,
            ending TEXT,
            progress REAL,
            progress_text TEXT,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            PRIMARY KEY (processing, script, number)
        ) WITHOUT ROWID;

        CREATE TABLE task (
            name TEXT PRIMARY KEY,
            paused INTEGER NOT NULL DEFAULT 0,
            pause_reason TEXT,
            last_tick INTEGER
        ) WITHOUT ROWID;

        CREATE TABLE journal (
            id INTEGER PRIMARY KEY,
            processing INTEGER NOT NULL REFERENCES processing (id),
            at INTEGER NOT NULL,
            text TEXT NOT NULL
        );
        CREATE INDEX journal_by_processing ON journal (processing, id);

        -- Counts kept as it goes; script is empty for whole Processings, day is days since the epoch, UTC.
        CREATE TABLE statistic (
            task TEXT NOT NULL,
            script TEXT NOT NULL,
            day INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            count INTEGER NOT NULL,
            milliseconds INTEGER NOT NULL,
            PRIMARY KEY (task, script, day, outcome)
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            processing INTEGER NOT NULL REFERENCES processing (id),
            script TEXT NOT NULL,
            number INTEGER NOT NULL,
            who TEXT NOT NULL,
            command TEXT,  -- a JSON list; null for a shell
            relaxed TEXT NOT NULL,  -- joined by commas
            snapshot INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            ending TEXT
        );
        CREATE INDEX entry_by_processing ON entry (processing, id);
        CREATE INDEX entry_open ON entry (id) WHERE ended_at IS NULL;
        """,
        """
        CREATE TABLE pin (
            processing INTEGER PRIMARY KEY REFERENCES processing (id),
            who TEXT NOT NULL,
            reason TEXT,
            at INTEGER NOT NULL
        );

        -- The directories of ended Processings: what they hold, and why their removal has begun.
        CREATE TABLE preserved (
            processing INTEGER PRIMARY KEY REFERENCES processing (id),
            bytes INTEGER,
            removal TEXT
        );
        """,
        // Written once in a Processing's life, when it ends: those that have not ended have `processing_open`.
        """
        DROP INDEX processing_by_task;
        DROP INDEX processing_by_status;
        CREATE INDEX processing_by_status ON processing (status, id) WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_outcome ON processing (outcome, id) WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_task_and_status ON processing (task, status, id)
            WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_task_and_outcome ON processing (task, outcome, id)
            WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_time ON processing (created_at);
        """,
        // The run of the host's kernel in which the attempt was recorded as running.
        "ALTER TABLE attempt ADD COLUMN boot TEXT;",
        tokenTables,
        scriptTables,
        figureTables,
        listIndexes,
        revisions,
        changeTables,
        deliveryTables,
        idempotencyTables,
    ]

    /// Brings the database up to date, each step in a transaction of its own.
    static func migrate(_ connection: Connection, path: String) throws(StoreError) {
        let version = try connection.first("PRAGMA user_version") { Int($0.integer(0)) } ?? 0
        guard version <= migrations.count else {
            throw StoreError(
                "opening the database \(path): it has schema version \(version), and this version of alt-processing knows "
                    + "\(migrations.count). It was written by a newer one: install that again")
        }
        for step in version..<migrations.count {
            try connection.script("BEGIN IMMEDIATE;\n\(migrations[step])\nPRAGMA user_version = \(step + 1);\nCOMMIT;")
        }
    }
}
