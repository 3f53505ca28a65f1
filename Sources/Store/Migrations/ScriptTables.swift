extension Schema {
    /// What Scripts tell of their Processings, and ask for beside their end.
    static let scriptTables = """
        CREATE TABLE label (
            processing INTEGER NOT NULL REFERENCES processing (id),
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            processing_at INTEGER NOT NULL,  -- when that was created: the order of lists
            PRIMARY KEY (processing, key)
        ) WITHOUT ROWID;
        CREATE INDEX label_by_value ON label (key, value, processing_at, processing);

        -- One figure of a name for each attempt, the last that it reported.
        CREATE TABLE metric (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            processing INTEGER NOT NULL REFERENCES processing (id),
            script TEXT NOT NULL,
            number INTEGER NOT NULL,
            name TEXT NOT NULL,
            task TEXT NOT NULL,
            value REAL NOT NULL,
            unit TEXT,
            at INTEGER NOT NULL,
            UNIQUE (processing, script, number, name)
        );
        CREATE INDEX metric_series ON metric (task, name, at, id);

        -- What the attempt's Script asked for, a JSON object: see Launcher.AttemptWishes.
        ALTER TABLE attempt ADD COLUMN wishes TEXT;
        """
}
