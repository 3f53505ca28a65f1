import Store
import Testing

/// What the list's lookups find, against a plain look at every row.
@Suite struct ProcessingListTests {
    private let database: TemporaryDatabase
    private let store: Store
    private let rows: [ProcessingRecord]

    init() async throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
        rows = Self.rows()
        let rows = rows
        try await store.write { transaction throws(StoreError) in
            try transaction.keepDefinition(hash: "h", content: "{}")
            for row in rows {
                _ = try transaction.insertProcessing(row)
                try transaction.updateProcessing(row)
            }
        }
    }

    /// 400 of all kinds, the same in every run. The clock was set back once.
    private static func rows() -> [ProcessingRecord] {
        var seed: UInt64 = 4
        func pick(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        return (1...400).map { number in
            var row = ProcessingRecord(
                id: Int64(number), task: ["a", "b", "c"][pick(3)], definition: "h", scripts: nil, event: nil,
                params: "{}",
                priority: 0, status: ProcessingStatus.allCases[pick(5)],
                createdAt: Int64(number * 1000 - (number > 200 ? 50_000 : 0)))
            // One that is rerun still has the outcome of its last run.
            if row.status.isFinal || pick(4) == 0 {
                row.outcome =
                    row.status == .success
                    ? "success" : row.status == .cancelled ? "cancelled" : ["hard", "oom"][pick(2)]
            }
            return row
        }
    }

    private func expected(_ filter: ProcessingFilter) -> [Int64] {
        rows.filter { row in
            (filter.statuses.isEmpty || filter.statuses.contains(row.status))
                && (filter.outcomes.isEmpty || filter.outcomes.contains(row.outcome ?? ""))
                && (filter.tasks.isEmpty || filter.tasks.contains(row.task))
                && row.createdAt >= filter.since ?? 0
        }.map(\.id).reversed()
    }

    private static let filters: [ProcessingFilter] = {
        let statuses: [Set<ProcessingStatus>] = [
            [], [.failed], [.success, .cancelled], [.waiting], [.waiting, .failed], Set(ProcessingStatus.allCases),
        ]
        let outcomes: [Set<String>] = [[], ["oom"], ["success", "hard"], ["never"]]
        let tasks: [Set<String>] = [[], ["a"], ["b", "c"], ["d"]]
        // In the hour that came twice too.
        let times: [Int64?] = [nil, 170_000, 340_000, 9_000_000]
        var all: [ProcessingFilter] = []
        for status in statuses {
            for outcome in outcomes {
                for task in tasks {
                    for since in times {
                        var filter = ProcessingFilter()
                        filter.statuses = status
                        filter.outcomes = outcome
                        filter.tasks = task
                        filter.since = since
                        all.append(filter)
                    }
                }
            }
        }
        return all
    }()

    @Test func everyFilterFindsWhatALookAtEveryRowFinds() async throws {
        for filter in Self.filters {
            let page = try await store.processings(filter, before: nil, limit: 1000)
            #expect(page.items.map(\.id) == expected(filter), "\(filter)")
            #expect(page.next == nil)
        }
    }

    @Test func pagesFollowEachOtherWithoutAGap() async throws {
        for filter in Self.filters {
            var found: [Int64] = []
            var before: Int64?
            repeat {
                let page = try await store.processings(filter, before: before, limit: 37)
                #expect(page.items.count <= 37)
                found += page.items.map(\.id)
                before = page.next
            } while before != nil
            #expect(found == expected(filter), "\(filter)")
        }
    }

    @Test func eventsOfSeveralTypesComeNewestFirst() async throws {
        try await store.write { transaction throws(StoreError) in
            for number in 1...60 {
                _ = try transaction.insertEvent(
                    EventRecord(
                        id: 0, type: ["x", "y", "z"][number % 3], key: "\(number)", params: "{}", source: "test",
                        createdAt: 1), force: false)
            }
        }
        let first = try await store.events(types: ["x", "z"], before: nil, limit: 25)
        #expect(first.items.map(\.id) == (1...60).filter { $0 % 3 != 1 }.reversed().prefix(25).map(Int64.init))
        let second = try await store.events(types: ["x", "z"], before: first.next, limit: 25)
        #expect(second.items.count == 15)
        #expect(second.next == nil)
    }
}
