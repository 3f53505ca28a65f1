import Testing

@testable import Store

@Suite struct StatisticsTests {
    private let database: TemporaryDatabase
    private let store: Store
    private static let day: Int64 = 86_400_000

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private func count(_ samples: [EndedSample]) async throws {
        try await store.write { transaction throws(StoreError) in
            for sample in samples { try transaction.count(sample) }
        }
    }

    private func sample(
        _ task: String, _ script: String, _ outcome: String, day: Int64, _ milliseconds: Int64
    ) -> EndedSample {
        EndedSample(
            task: task, script: script, outcome: outcome, at: day * Self.day + 5, milliseconds: milliseconds,
            wait: milliseconds / 10, cpuMilliseconds: milliseconds / 2, memoryPeak: milliseconds << 20,
            diskPeak: milliseconds)
    }

    private func query(_ change: (inout StatisticsQuery) -> Void) -> StatisticsQuery {
        var query = StatisticsQuery()
        change(&query)
        return query
    }

    @Test func countsByAnyKeys() async throws {
        try await count(
            (1...100).map { sample("a", "", "success", day: 10, $0) }
                + [
                    sample("a", "", "oom", day: 11, 7), sample("b", "", "success", day: 11, 9),
                    sample("a", "load", "success", day: 11, 50), sample("a", "mix", "soft", day: 12, 60),
                ])
        let cases: [(StatisticsQuery, [String])] = [
            (query { _ in }, ["- - - - 102"]),
            (query { $0.by = [.task] }, ["a - - - 101", "b - - - 1"]),
            (query { $0.by = [.task, .outcome] }, ["a - - oom 1", "a - - success 100", "b - - success 1"]),
            (query { $0.by = [.day] }, ["- - 10 - 100", "- - 11 - 2"]),
            (query { $0.by = [.script] }, ["- load - - 1", "- mix - - 1"]),
            (query { $0.scripts = ["mix"] }, ["- - - - 1"]),
            (query { $0.tasks = ["b", "none"] }, ["- - - - 1"]),
            (query { $0.since = 11 }, ["- - - - 2"]),
            (query { ($0.until, $0.by) = (10, [.outcome]) }, ["- - - success 100"]),
            (query { ($0.since, $0.until, $0.by) = (12, 12, [.task, .script]) }, ["a mix - - 1"]),
            (query { $0.since = 13 }, []),
        ]
        for (query, expected) in cases {
            let groups = try #require(try await store.statistics(query, limit: 100))
            let lines = groups.map { group in
                let name = group.name
                let day = name.day.map { "\($0)" } ?? "-"
                return "\(name.task ?? "-") \(name.script ?? "-") \(day) \(name.outcome ?? "-") \(group.tally.count)"
            }
            #expect(lines == expected, "\(query)")
        }
    }

    @Test func keepsWhatEachEndBrought() async throws {
        let samples = (1...100).map { sample("a", "load", $0 % 4 == 0 ? "soft" : "success", day: $0 % 3, $0 * 100) }
        try await count(samples)
        var expected = Tally()
        for sample in samples { expected.add(sample) }
        let groups = try #require(try await store.statistics(query { $0.by = [.script] }, limit: 100))
        #expect(groups.map(\.tally) == [expected])
        #expect(groups.map(\.outcomes) == [["soft": 25, "success": 75]])
        let byDay = try #require(
            try await store.statistics(query { ($0.since, $0.by) = (0, [.script]) }, limit: 100))
        #expect(byDay.map(\.tally) == [expected])
        #expect(expected.cpuMilliseconds == samples.reduce(0) { $0 + ($1.cpuMilliseconds ?? 0) })
        #expect(expected.diskPeak == 10_000)
        #expect(expected.memory.max == 10_000 << 20)
        #expect(try await store.firstDay() == 0)
    }

    @Test func saysWhenThereAreTooManyGroups() async throws {
        try await count((0..<20).map { sample("t\($0)", "", "success", day: 1, 1) })
        #expect(try await store.statistics(query { $0.by = [.task] }, limit: 19) == nil)
        #expect(try await store.statistics(query { $0.by = [.task] }, limit: 20)?.count == 20)
    }

    @Test func anUnreadableDistributionBeginsAnew() async throws {
        try await count([sample("a", "", "success", day: 1, 5)])
        try await store.write { transaction throws(StoreError) in
            try transaction.connection.run("UPDATE statistic_total SET durations = x'ff00'")
        }
        try await count([sample("a", "", "success", day: 1, 7)])
        let group = try #require(try await store.statistics(query { _ in }, limit: 1)?.first)
        #expect(group.tally.count == 2)
        #expect(group.tally.durations == Histogram([7]))
    }

    @Test func aDatabaseOfAFormerVersionKeepsItsCounts() async throws {
        let old = try TemporaryDatabase()
        do {
            let connection = try Connection(path: old.path, readOnly: false)
            let version = try #require(Schema.migrations.firstIndex(of: Schema.figureTables))
            for step in Schema.migrations[..<version] { try connection.script(step) }
            try connection.script(
                """
                PRAGMA user_version = \(version);
                INSERT INTO statistic (task, script, day, outcome, count, milliseconds) VALUES
                    ('a', '', 1, 'success', 3, 30), ('a', '', 2, 'success', 4, 50), ('a', 'load', 2, 'oom', 1, 5);
                """)
        }
        let store = try Store(path: old.path)
        #expect(
            try await store.statistics() == [
                TaskStatistics(task: "a", waiting: 0, running: 0, ended: ["success": 7], milliseconds: 80)
            ])
        let groups = try #require(try await store.statistics(query { $0.by = [.day] }, limit: 9))
        #expect(groups.map(\.tally.count) == [3, 4])
        #expect(groups.allSatisfy { $0.tally.durations.isEmpty })
    }
}
