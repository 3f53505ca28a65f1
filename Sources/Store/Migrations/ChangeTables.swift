extension Schema {
    /// What happened, in the order in which it was committed: the stream's source. Of it the newest are kept.
    /// The newest is never removed, so that ids are never given twice.
    static let changeTables = """
        CREATE TABLE change (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            topic TEXT NOT NULL,
            kind TEXT NOT NULL,
            task TEXT,
            processing INTEGER,
            run INTEGER,
            script TEXT,
            number INTEGER,
            event INTEGER,
            status TEXT,
            outcome TEXT,
            reason TEXT,
            started_at INTEGER,
            ended_at INTEGER
        );
        """
}
