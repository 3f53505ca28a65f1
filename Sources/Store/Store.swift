import Synchronization

/// A failed store operation: which, on which file, what SQLite said.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    /// It is no failure: what the transaction was to change is not as it was expected to be.
    package var isChange = false

    package init(_ description: String, isChange: Bool = false) {
        self.description = description
        self.isChange = isChange
    }
}

/// The Launcher's durable state in one SQLite database (WAL). Reads may come from any task; writes are committed in groups
/// by one writer.
package final class Store: Sendable {
    let writer: Writer
    private let readers: Readers
    let path: String
    let changeLog = ChangeLog()

    /// Opens or creates the database and brings its schema up to date.
    package init(path: String) throws(StoreError) {
        self.path = path
        let connection = try Connection(path: path, readOnly: false)
        // FULL, with WAL: a commit is on the disk when it returns, also after a power cut.
        try connection.script(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
        )
        try Schema.migrate(connection, path: path)
        var reading: [Connection] = []
        for _ in 0..<2 { reading.append(try Connection(path: path, readOnly: true)) }
        writer = Writer(connection, changes: changeLog)
        readers = Readers(reading)
    }

    /// Runs the body in a transaction and returns once it is durable. A body that throws changes nothing.
    ///
    /// - Parameter isPatient: nobody waits for it: it may be a moment later, with somebody else's.
    package func write<Result: Sendable>(
        isPatient: Bool = false, _ body: @escaping @Sendable (StoreTransaction) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        guard let audit = PendingAudit.current, audit.take() else {
            return try await writer.write(isPatient: isPatient) { connection throws(StoreError) in
                try body(StoreTransaction(connection: connection))
            }
        }
        do throws(StoreError) {
            let (result, id) = try await writer.write { connection throws(StoreError) in
                let transaction = StoreTransaction(connection: connection)
                return (try body(transaction), try transaction.insertAudit(audit.record))
            }
            audit.settle(id)
            return result
        } catch {
            audit.settle(nil)
            throw error
        }
    }

    /// What is read now is as it is as long as this stays the same.
    package var version: UInt64 { writer.commitCount.load(ordering: .acquiring) }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        try await readers.read(body)
    }

    /// Reads several times what is there at one moment.
    func readTogether<Result: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        try await read { connection throws(StoreError) in
            try connection.run("BEGIN")
            do throws(StoreError) {
                let result = try body(connection)
                try connection.run("COMMIT")
                return result
            } catch {
                try? connection.run("ROLLBACK")
                throw error
            }
        }
    }
}
