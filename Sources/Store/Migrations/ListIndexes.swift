extension Schema {
    /// What the lists of `Lists/` look up. An outcome says which status an ended Processing has, so no index has the status;
    /// the time comes last in each, so that a page and a span of time are a piece of it.
    static let listIndexes = """
        DROP INDEX processing_open;
        DROP INDEX processing_by_status;
        DROP INDEX processing_by_outcome;
        DROP INDEX processing_by_task_and_status;
        DROP INDEX processing_by_task_and_outcome;
        CREATE INDEX processing_open ON processing (task, created_at) WHERE status IN ('waiting', 'running');
        CREATE INDEX processing_running ON processing (created_at) WHERE status = 'running';
        CREATE INDEX processing_by_outcome ON processing (outcome, created_at)
            WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_task_and_outcome ON processing (task, outcome, created_at)
            WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_script ON processing (script, task, outcome, created_at)
            WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_end ON processing (outcome, ended_at) WHERE status NOT IN ('waiting', 'running');
        CREATE INDEX processing_by_task_and_end ON processing (task, outcome, ended_at)
            WHERE status NOT IN ('waiting', 'running');

        DROP INDEX event_by_type;
        CREATE INDEX event_by_type ON event (type, created_at);
        CREATE INDEX event_by_time ON event (created_at);
        CREATE INDEX event_by_source ON event (source, type, created_at);
        """
}
