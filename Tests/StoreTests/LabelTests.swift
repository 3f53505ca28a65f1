import Testing

@testable import Store

@Suite struct LabelTests {
    private let database: TemporaryDatabase
    private let store: Store
    private static let count = 120

    /// Processings 1 to 120; `color` by the rest of a division by 3, `size` by 2, `rare` on three of them.
    private static func labels(_ id: Int64) -> [String: String] {
        var labels = ["color": ["red", "green", "blue"][Int(id % 3)], "size": id % 2 == 0 ? "big" : "small"]
        if [7, 8, 110].contains(id) { labels["rare"] = "yes:no" }
        return labels
    }

    init() async throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
        try await store.write { transaction throws(StoreError) in
            try transaction.keepDefinition(hash: "h", content: "{}")
            for number in 1...Self.count {
                var row = ProcessingRecord(
                    id: Int64(number), task: number % 5 == 0 ? "a" : "b", definition: "h", scripts: nil, event: nil,
                    params: "{}", priority: 0, status: number % 4 == 0 ? .failed : .waiting,
                    createdAt: Int64(number * 1000))
                row.outcome = row.status == .failed ? "hard" : nil
                _ = try transaction.insertProcessing(row)
                try transaction.updateProcessing(row)
                for (key, value) in Self.labels(row.id) {
                    _ = try transaction.setLabel(key, value, of: row.id, limit: 10)
                }
            }
        }
    }

    private static let filters: [[String: Set<String>]] = [
        ["color": ["red"]], ["color": ["red", "blue"]], ["color": ["red"], "size": ["big"]],
        ["rare": ["yes:no"]], ["rare": ["yes:no"], "size": ["small", "big"]], ["color": ["violet"]],
        ["color": ["green"], "size": ["big", "small"], "rare": ["yes:no"]],
    ]

    @Test(arguments: filters)
    func findsWhatALookAtEveryLabelFinds(labels: [String: Set<String>]) async throws {
        for (tasks, statuses, since) in [
            ([], [], nil), (["a"], [], nil), ([], [.failed], nil), (["b"], [.failed], 50_000),
        ] as [(Set<String>, Set<ProcessingStatus>, Int64?)] {
            var filter = ProcessingFilter()
            filter.labels = LabelFilter(labels)
            (filter.tasks, filter.statuses, filter.since) = (tasks, statuses, since)
            let expected = (1...Int64(Self.count)).reversed().filter { id in
                labels.allSatisfy { key, values in Self.labels(id)[key].map(values.contains) ?? false }
                    && (tasks.isEmpty || tasks.contains(id % 5 == 0 ? "a" : "b"))
                    && (statuses.isEmpty || statuses.contains(id % 4 == 0 ? .failed : .waiting))
                    && id * 1000 >= since ?? 0
            }
            var found: [Int64] = []
            var range = ListRange(limit: 7)
            repeat {
                let page = try await store.processings(filter, range)
                found += page.items.map(\.id)
                range.after = page.next
            } while range.after != nil
            #expect(found == expected, "\(filter)")
        }
    }

    /// The index gives the list's order: nothing is sorted, and no table is looked through.
    @Test func anIndexAnswers() async throws {
        let part = try #require(LabelFilter(["color": ["red"], "size": ["big"]]).lookups.first)
        let plan = try await store.read { connection throws(StoreError) in
            try connection.all(
                "EXPLAIN QUERY PLAN SELECT id FROM \(LabelFilter.source) \(part.source) AND label.processing_at < 100 "
                    + "ORDER BY label.processing_at DESC, label.processing DESC LIMIT 50", part.values
            ) { $0.text(3) }
        }
        #expect(plan.first?.contains("SEARCH label USING COVERING INDEX label_by_value") == true, "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN") || $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test func aValueTakesThePlaceOfTheOneBefore() async throws {
        let changes = try await store.write { transaction throws(StoreError) in
            [
                try transaction.setLabel("color", "white", of: 1, limit: 2),
                try transaction.setLabel("color", "white", of: 1, limit: 2),
                try transaction.setLabel("more", "x", of: 1, limit: 2),
            ]
        }
        #expect(changes == [.set, .unchanged, .tooMany])
        #expect(
            try await store.labels(of: [1, 2, 999]) == [1: ["color": "white", "size": "small"], 2: Self.labels(2)])
        let removed = try await store.write { transaction throws(StoreError) in
            [try transaction.removeLabel("color", of: 1), try transaction.removeLabel("color", of: 1)]
        }
        #expect(removed == [true, false])
        #expect(try await store.labels(of: [1]) == [1: ["size": "small"]])
        #expect(try await store.labels(of: []) == [:])
    }

    // MARK: Metrics

    private func metric(
        _ id: Int64, _ name: String, _ value: Double, at: Int64, script: String = "load", number: Int = 1
    )
        -> MetricRecord
    {
        MetricRecord(
            processing: id, script: script, number: number, task: "a", name: name, value: value, unit: "K", at: at)
    }

    @Test func anAttemptHasOneFigureOfAName() async throws {
        let (first, second, other) = (
            metric(1, "heat", 1, at: 10), metric(1, "heat", 2, at: 20), metric(1, "cold", 3, at: 30)
        )
        let next = metric(1, "heat", 4, at: 40, number: 2)
        let changes = try await store.write { transaction throws(StoreError) in
            [
                try transaction.putMetric(first, limit: 1), try transaction.putMetric(second, limit: 1),
                try transaction.putMetric(other, limit: 1), try transaction.putMetric(next, limit: 1),
            ]
        }
        #expect(changes == [.new, .replaced, .tooMany, .new])
        #expect(try await store.metrics(of: 1) == [second, next])
    }

    @Test func aSeriesComesNewestFirstAndInPages() async throws {
        var all: [MetricRecord] = []
        for id in Int64(1)...40 {
            // Some at the same moment.
            all.append(metric(id, "heat", Double(id), at: id / 3 * 100, script: id % 2 == 0 ? "load" : "rgb"))
            if id % 4 == 0 { all.append(metric(id, "cold", -Double(id), at: id / 3 * 100)) }
        }
        let rows = all
        try await store.write { transaction throws(StoreError) in
            for row in rows { _ = try transaction.putMetric(row, limit: 10) }
        }
        for filter in [
            MetricFilter(task: "a", name: "heat"), MetricFilter(task: "a"), MetricFilter(task: "a", script: "rgb"),
            MetricFilter(task: "a", name: "heat", script: "load", since: 700), MetricFilter(task: "a", since: 1000),
            MetricFilter(task: "a", name: "none"), MetricFilter(task: "b"),
        ] {
            let expected = rows.enumerated().filter { _, row in
                row.task == filter.task && (filter.name ?? row.name) == row.name
                    && (filter.script ?? row.script) == row.script && row.at >= filter.since ?? 0
            }.sorted { ($0.element.at, $0.offset) > ($1.element.at, $1.offset) }.map(\.element)
            var found: [MetricRecord] = []
            var before: ListPosition?
            repeat {
                let page = try await store.metrics(filter, before: before, limit: 7)
                #expect(page.items.count <= 7)
                found += page.items
                before = page.next
            } while before != nil
            #expect(found == expected, "\(filter)")
        }
    }
}
