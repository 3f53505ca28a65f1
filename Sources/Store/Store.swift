/// A failed store operation: which, on which file, what SQLite said.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// A page of a list, newest first.
package struct Page<Element: Sendable>: Sendable {
    package var items: [Element]
    /// Give it as `before` to get the next page; nil on the last.
    package var next: Int64?

    package init(items: [Element], next: Int64?) {
        self.items = items
        self.next = next
    }
}

package struct ProcessingFilter: Sendable, Hashable {
    package var statuses: Set<ProcessingStatus> = []
    package var outcomes: Set<String> = []
    package var tasks: Set<String> = []
    /// Created at or after this time.
    package var since: Int64?

    package init() {}
}

/// Counts of one Task since the store was made, kept as it goes.
package struct TaskStatistics: Sendable, Hashable {
    package var task: String
    package var waiting: Int
    package var running: Int
    /// Ended Processings by outcome name.
    package var ended: [String: Int]
    /// Sum over the ended ones, start to end.
    package var milliseconds: Int64

    package init(task: String, waiting: Int, running: Int, ended: [String: Int], milliseconds: Int64) {
        self.task = task
        self.waiting = waiting
        self.running = running
        self.ended = ended
        self.milliseconds = milliseconds
    }
}

/// The Launcher's durable state in one SQLite database (WAL). Reads may come from any task; writes are committed in groups by one writer.
package final class Store: Sendable {
    /// Opens or creates the database and brings its schema up to date.
    package init(path: String) throws(StoreError) { fatalError("under construction") }

    // Reads that the API uses. Writes are the Launcher's and are not listed here.

    package func processing(_ id: Int64) async throws(StoreError) -> ProcessingRecord? {
        fatalError("under construction")
    }
    package func attempts(of processing: Int64) async throws(StoreError) -> [AttemptRecord] {
        fatalError("under construction")
    }
    package func processings(
        _ filter: ProcessingFilter, before: Int64?, limit: Int
    ) async throws(StoreError) -> Page<ProcessingRecord> { fatalError("under construction") }
    package func event(_ id: Int64) async throws(StoreError) -> EventRecord? { fatalError("under construction") }
    package func processings(ofEvent event: Int64) async throws(StoreError) -> [Int64] {
        fatalError("under construction")
    }
    package func events(types: Set<String>, before: Int64?, limit: Int) async throws(StoreError) -> Page<EventRecord> {
        fatalError("under construction")
    }
    package func statistics() async throws(StoreError) -> [TaskStatistics] { fatalError("under construction") }
}
