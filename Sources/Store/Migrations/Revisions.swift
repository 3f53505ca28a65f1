extension Schema {
    /// Grows with each change of a Processing's state, see `StoreTransaction.updateProcessing`.
    static let revisions = "ALTER TABLE processing ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
}
