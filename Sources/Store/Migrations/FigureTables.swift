extension Schema {
    /// Distributions beside the counts of each day and of all days, and why what failed did.
    static let figureTables = """
        ALTER TABLE statistic ADD COLUMN durations BLOB;  -- histograms: see Histogram
        ALTER TABLE statistic ADD COLUMN memory BLOB;
        ALTER TABLE statistic ADD COLUMN waits BLOB;
        ALTER TABLE statistic ADD COLUMN cpu_milliseconds INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE statistic ADD COLUMN disk_peak INTEGER;
        CREATE INDEX statistic_by_day ON statistic (day);

        -- The same over all days, so that nothing adds up history.
        CREATE TABLE statistic_total (
            task TEXT NOT NULL,
            script TEXT NOT NULL,
            outcome TEXT NOT NULL,
            count INTEGER NOT NULL,
            milliseconds INTEGER NOT NULL,
            durations BLOB,
            memory BLOB,
            waits BLOB,
            cpu_milliseconds INTEGER NOT NULL,
            disk_peak INTEGER,
            PRIMARY KEY (task, script, outcome)
        ) WITHOUT ROWID;
        INSERT INTO statistic_total (task, script, outcome, count, milliseconds, cpu_milliseconds)
            SELECT task, script, outcome, sum(count), sum(milliseconds), 0 FROM statistic GROUP BY task, script, outcome;

        ALTER TABLE attempt ADD COLUMN queued_at INTEGER;
        ALTER TABLE attempt ADD COLUMN cause TEXT;
        ALTER TABLE processing ADD COLUMN cause TEXT;
        CREATE INDEX processing_by_cause ON processing (cause, created_at) WHERE cause IS NOT NULL;
        CREATE INDEX processing_by_cause_and_end ON processing (cause, ended_at) WHERE cause IS NOT NULL;

        CREATE TABLE cause (
            fingerprint TEXT PRIMARY KEY,
            task TEXT NOT NULL,
            script TEXT NOT NULL,
            outcome TEXT NOT NULL,
            pattern TEXT NOT NULL,
            sample TEXT NOT NULL,  -- of the last attempt
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            processings INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX cause_by_script ON cause (task, script);
        CREATE TABLE cause_day (
            fingerprint TEXT NOT NULL REFERENCES cause (fingerprint),
            day INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            processings INTEGER NOT NULL,
            PRIMARY KEY (fingerprint, day)
        ) WITHOUT ROWID;
        CREATE INDEX cause_day_by_day ON cause_day (day);
        """
}
