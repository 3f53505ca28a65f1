// Labels: what people and Scripts say of a Processing, by a key, to find it again.

/// What became of a label that was to be set.
package enum LabelChange: Sendable, Hashable {
    case set
    /// It had that value already.
    case unchanged
    /// The Processing has as many as it may have.
    case tooMany
}

extension StoreTransaction {
    /// Gives a Processing's label a value.
    ///
    /// - Parameter limit: how many labels it may have.
    package func setLabel(
        _ key: String, _ value: String, of processing: Int64, limit: Int
    ) throws(StoreError) -> LabelChange {
        let before = try connection.first(
            "SELECT value FROM label WHERE processing = ? AND key = ?", .integer(processing), .text(key)
        ) { $0.text(0) }
        if before == value { return .unchanged }
        if before == nil {
            let count = try connection.first(
                "SELECT count(*) FROM label WHERE processing = ?", .integer(processing)
            ) { $0.integer(0) }
            guard count ?? 0 < limit else { return .tooMany }
        }
        try connection.run(
            """
            INSERT INTO label (processing, key, value, processing_at)
            SELECT id, ?2, ?3, created_at FROM processing WHERE id = ?1
            ON CONFLICT DO UPDATE SET value = excluded.value
            """, .integer(processing), .text(key), .text(value))
        return .set
    }

    /// - Returns: whether it had one.
    package func removeLabel(_ key: String, of processing: Int64) throws(StoreError) -> Bool {
        try connection.run("DELETE FROM label WHERE processing = ? AND key = ?", .integer(processing), .text(key))
        return connection.changes > 0
    }
}

extension Store {
    /// Those of several Processings; one without any is left out.
    package func labels(of processings: [Int64]) async throws(StoreError) -> [Int64: [String: String]] {
        guard !processings.isEmpty else { return [:] }
        return try await read { connection throws(StoreError) in
            var result: [Int64: [String: String]] = [:]
            // One text for any number of them, so that one statement is prepared.
            let ids = processings.map(String.init).joined(separator: ",")
            let rows = try connection.all(
                "SELECT processing, key, value FROM label WHERE processing IN (SELECT value FROM json_each(?))",
                [.text("[\(ids)]")]
            ) { ($0.integer(0), $0.text(1), $0.text(2)) }
            for (processing, key, value) in rows { result[processing, default: [:]][key] = value }
            return result
        }
    }
}
