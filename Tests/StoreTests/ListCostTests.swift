import Testing

@testable import Store

/// A page costs about the same however many rows there are.
@Suite struct ListCostTests {
    private static let rows = 30_000

    private let database: TemporaryDatabase
    private let connection: Connection

    /// Nine in ten succeed, one in a thousand is lost, and a crowd waits.
    init() throws {
        database = try TemporaryDatabase()
        _ = try Store(path: database.path)
        let writing = try Connection(path: database.path, readOnly: false)
        try writing.script(
            """
            PRAGMA synchronous = OFF;
            BEGIN;
            INSERT INTO definition VALUES ('h', '{}');
            WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(Self.rows))
            INSERT INTO event (type, key, params, source, created_at)
            SELECT iif(n % 1000 = 0, 'rare', 'scene'), n, '{}', iif(n % 1000 = 500, 'cli:ann', 'cli:root'), n * 10
            FROM number;
            WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(Self.rows)),
                ending (n, status, outcome) AS (
                    SELECT n, CASE WHEN n > \(Self.rows - 8) THEN 'running' WHEN n > \(Self.rows) * 3 / 4 THEN 'waiting'
                        WHEN n % 10 <> 0 THEN 'success' ELSE 'failed' END,
                        CASE WHEN n > \(Self.rows) * 3 / 4 THEN NULL WHEN n % 10 <> 0 THEN 'success'
                        WHEN n % 1000 = 0 THEN 'lost' WHEN n % 20 = 0 THEN 'hard' ELSE 'oom' END FROM number)
            INSERT INTO processing (task, definition, event, params, priority, status, outcome, script, run, created_at,
                ended_at)
            SELECT iif(n % 1000 = 0, 'rare', 'common'), 'h', n, '{}', 0, status, outcome,
                iif(n % 1000 = 0, 'last', 'load'), 1, n * 10, iif(outcome IS NULL, NULL, n * 10 + 5) FROM ending;
            COMMIT;
            """)
        connection = try Connection(path: database.path, readOnly: true)
    }

    private static func filter(_ change: (inout ProcessingFilter) -> Void) -> ProcessingFilter {
        var filter = ProcessingFilter()
        change(&filter)
        return filter
    }

    private static let filters: [ProcessingFilter] = [
        filter { _ in }, filter { $0.statuses = [.failed] }, filter { $0.statuses = [.success] },
        filter { $0.statuses = [.waiting] }, filter { $0.statuses = [.running] }, filter { $0.statuses = [.cancelled] },
        filter { $0.endings = ["lost"] }, filter { $0.outcomes = ["lost"] }, filter { $0.outcomes = ["never"] },
        filter { $0.tasks = ["rare"] }, filter { $0.tasks = ["common"] },
        filter { ($0.tasks, $0.statuses) = (["rare"], [.failed]) },
        filter { ($0.tasks, $0.statuses) = (["rare"], [.waiting]) },
        filter { ($0.tasks, $0.endings) = (["common", "rare"], ["lost"]) },
        filter { $0.scripts = ["last"] }, filter { ($0.scripts, $0.statuses) = (["load"], [.failed]) },
        filter { ($0.scripts, $0.tasks) = (["load"], ["rare"]) }, filter { $0.events = [5, 20_000] },
        filter { $0.since = 299_000 }, filter { $0.until = 1000 }, filter { ($0.since, $0.until) = (150_000, 150_100) },
        filter { ($0.tasks, $0.since, $0.until) = (["common"], 150_000, 151_000) },
        filter { ($0.statuses, $0.until) = ([.failed], 1000) },
    ]

    private static let endedFilters: [ProcessingFilter] = [
        filter { _ in }, filter { $0.statuses = [.failed] }, filter { $0.endings = ["lost"] },
        filter { $0.tasks = ["rare"] }, filter { ($0.tasks, $0.outcomes) = (["common"], ["lost"]) },
        filter { $0.since = 220_000 }, filter { $0.endedSince = 224_000 }, filter { $0.endedUntil = 1000 },
        filter { ($0.statuses, $0.endedSince, $0.endedUntil) = ([.failed], 150_000, 151_000) },
    ]

    /// Positions at the beginning, in the middle and near the end of the list.
    private static let places: [ListPosition?] = [nil, .init(key: 150_000, id: 15_000), .init(key: 500, id: 50)]

    /// Steps of a page of 20, with a margin: a row takes about forty. A look at every row would take more than a hundred
    /// thousand.
    private static let most = 8000

    @Test(arguments: ProcessingOrder.allCases, [true, false])
    func everyPageCostsLittle(_ order: ProcessingOrder, _ descending: Bool) throws {
        for filter in order == .created ? Self.filters : Self.endedFilters {
            for place in Self.places {
                let before = connection.steps
                _ = try ProcessingList(filter: filter, order: order).page(
                    ListRange(descending: descending, after: place, limit: 20), connection)
                let steps = connection.steps - before
                #expect(steps < Self.most, "\(filter) after \(String(describing: place)): \(steps)")
            }
        }
        try checkPlans()
    }

    @Test(arguments: [true, false]) func everyPageOfEventsCostsLittle(_ descending: Bool) throws {
        var filters = [EventFilter](repeating: EventFilter(), count: 8)
        filters[1].types = ["rare"]
        filters[2].keys = ["5", "1000", "none"]
        filters[3].sources = ["cli:ann"]
        (filters[4].sources, filters[4].types) = (["cli:root"], ["rare"])
        filters[5].since = 299_000
        (filters[6].types, filters[6].until) = (["scene"], 1000)
        (filters[7].keys, filters[7].types) = (["5"], ["scene"])
        for filter in filters {
            for place in Self.places {
                let before = connection.steps
                _ = try EventList(filter: filter).page(
                    ListRange(descending: descending, after: place, limit: 20), connection)
                #expect(connection.steps - before < Self.most, "\(filter) after \(String(describing: place))")
            }
        }
        try checkPlans()
    }

    /// What was asked so far looks things up, and sorts nothing but what an Event caused and what has one key.
    private func checkPlans() throws {
        let statements = connection.prepared.filter { $0.hasPrefix("SELECT") }
        #expect(!statements.isEmpty)
        for statement in statements {
            let plan = try connection.all("EXPLAIN QUERY PLAN \(statement)") { $0.text(3) }
            for line in plan {
                let isOfFew = statement.contains("processing_by_event") || statement.contains("autoindex_event_1")
                #expect(isOfFew || !line.contains("TEMP B-TREE"), "\(statement): \(plan)")
                #expect(
                    !line.hasPrefix("SCAN") || line.contains("USING INDEX processing_by_time")
                        || line.contains("USING INDEX event_by_time") || line.contains("json_each")
                        || line.contains("USING INDEX processing_running")
                        || line.contains("USING COVERING INDEX processing_by_time"), "\(statement): \(plan)")
            }
        }
    }
}
