import Testing

@testable import Store

/// What the list's lookups find, against a plain look at every row.
@Suite struct ProcessingListTests {
    private let database: TemporaryDatabase
    private let store: Store
    private let rows: [ProcessingRecord]

    init() async throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
        let written = Self.rows()
        rows = try await store.write { transaction throws(StoreError) in
            try transaction.keepDefinition(hash: "h", content: "{}")
            let events = try (1...3).map { number throws(StoreError) in
                try transaction.insertEvent(
                    EventRecord(id: 0, type: "x", key: "\(number)", params: "{}", source: "test", createdAt: 1),
                    force: false
                ).id
            }
            var rows = written
            for index in rows.indices {
                if rows[index].event != nil { rows[index].event = events[index % 3] }
                _ = try transaction.insertProcessing(rows[index])
                try transaction.updateProcessing(rows[index])
            }
            return rows
        }
    }

    /// 400 of all kinds, the same in every run. The clock was set back once, and several come in the same millisecond.
    private static func rows() -> [ProcessingRecord] {
        var seed: UInt64 = 4
        func pick(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        return (1...400).map { number in
            var row = ProcessingRecord(
                id: Int64(number), task: ["a", "b", "c"][pick(3)], definition: "h", scripts: nil,
                event: pick(5) == 0 ? 1 : nil, params: "{}", priority: 0, status: ProcessingStatus.allCases[pick(5)],
                script: ["load", "save"][pick(2)],
                createdAt: Int64(number / 3 * 3000 - (number > 200 ? 51_000 : 0)))
            if row.status.isFinal {
                row.outcome =
                    row.status == .success
                    ? "success" : row.status == .cancelled ? "cancelled" : ["hard", "oom", "lost"][pick(3)]
                row.endedAt = row.createdAt + Int64(pick(50) * 1000)
            }
            return row
        }
    }

    private func expected(_ filter: ProcessingFilter, _ order: ProcessingOrder, descending: Bool) -> [Int64] {
        let found = rows.filter { row in
            let isAnyState = filter.statuses.isEmpty && filter.endings.isEmpty
            return
                (isAnyState || filter.statuses.contains(row.status)
                || row.status.isFinal && filter.endings.contains(row.outcome ?? ""))
                && (filter.outcomes.isEmpty || filter.outcomes.contains(row.outcome ?? ""))
                && (filter.tasks.isEmpty || filter.tasks.contains(row.task))
                && (filter.scripts.isEmpty || row.status != .waiting && filter.scripts.contains(row.script ?? ""))
                && (filter.events.isEmpty || row.event.map(filter.events.contains) == true)
                && row.createdAt >= filter.since ?? 0 && row.createdAt < filter.until ?? .max
                && (filter.endedSince == nil || row.endedAt ?? -1 >= filter.endedSince ?? 0)
                && (filter.endedUntil == nil || row.endedAt ?? .max < filter.endedUntil ?? 0)
                && (order == .created || row.endedAt != nil)
        }
        let places = found.map { ($0.endedAt ?? 0, $0.createdAt, $0.id) }
        let sorted = places.sorted {
            order == .created ? ($0.1, $0.2) < ($1.1, $1.2) : ($0.0, $0.2) < ($1.0, $1.2)
        }.map(\.2)
        return descending ? sorted.reversed() : sorted
    }

    private static let filters: [ProcessingFilter] = {
        let statuses: [(Set<ProcessingStatus>, Set<String>)] = [
            ([], []), ([.failed], []), ([.success, .cancelled], []), ([.waiting], []), ([.running], []),
            ([.waiting, .failed], []), (Set(ProcessingStatus.allCases), []), ([], ["lost"]), ([.running], ["oom"]),
            ([.failed], ["lost"]),
        ]
        let outcomes: [Set<String>] = [[], ["oom"], ["success", "hard"], ["never"]]
        let tasks: [Set<String>] = [[], ["a"], ["b", "c"], ["d"]]
        let scripts: [Set<String>] = [[], ["load"], ["load", "save"]]
        // In the hour that came twice too.
        let times: [(Int64?, Int64?)] = [
            (nil, nil), (171_000, nil), (nil, 171_000), (100_000, 340_000), (9_000_000, nil),
        ]
        var all: [ProcessingFilter] = []
        for (statuses, endings) in statuses {
            for outcome in outcomes {
                for task in tasks {
                    for script in scripts {
                        for (since, until) in times {
                            var filter = ProcessingFilter()
                            filter.statuses = statuses
                            filter.endings = endings
                            filter.outcomes = outcome
                            filter.tasks = task
                            filter.scripts = script
                            filter.since = since
                            filter.until = until
                            all.append(filter)
                        }
                    }
                }
            }
        }
        for event: Set<Int64> in [[1], [2, 3], [77]] {
            for (statuses, endings) in statuses {
                var filter = ProcessingFilter()
                filter.events = event
                filter.statuses = statuses
                filter.endings = endings
                all.append(filter)
                filter.tasks = ["a"]
                filter.outcomes = ["oom", "success"]
                all.append(filter)
            }
        }
        // A fifth of them, of each kind some.
        return all.enumerated().filter { $0.offset % 5 == 0 || $0.offset > 2400 }.map(\.element)
    }()

    /// Those that a list sorted by the end takes, see `ListTests` of the API.
    private static let endedFilters: [ProcessingFilter] = filters.filter { $0.scripts.isEmpty && $0.until == nil }
        .flatMap { filter in
            ([(nil, nil), (200_000, nil), (nil, 300_000), (200_000, 300_000)] as [(Int64?, Int64?)]).map {
                since, until in
                var filter = filter
                filter.endedSince = since
                filter.endedUntil = until
                return filter
            }
        }

    @Test(arguments: ProcessingOrder.allCases, [true, false])
    func everyFilterFindsWhatALookAtEveryRowFinds(_ order: ProcessingOrder, _ descending: Bool) async throws {
        for filter in order == .created ? Self.filters : Self.endedFilters {
            let page = try await store.processings(filter, by: order, ListRange(descending: descending, limit: 1000))
            #expect(page.items.map(\.id) == expected(filter, order, descending: descending), "\(filter)")
            #expect(page.next == nil)
        }
    }

    @Test(arguments: ProcessingOrder.allCases, [true, false])
    func pagesFollowEachOtherWithoutAGap(_ order: ProcessingOrder, _ descending: Bool) async throws {
        for (index, filter) in (order == .created ? Self.filters : Self.endedFilters).enumerated() {
            guard index % 3 == 0 else { continue }
            var found: [Int64] = []
            var range = ListRange(descending: descending, limit: 37)
            repeat {
                let page = try await store.processings(filter, by: order, range)
                #expect(page.items.count <= 37)
                found += page.items.map(\.id)
                range.after = page.next
            } while range.after != nil
            #expect(found == expected(filter, order, descending: descending), "\(filter)")
        }
    }
}

@Suite struct EventListTests {
    private let database: TemporaryDatabase
    private let store: Store
    private let rows: [EventRecord]

    init() async throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
        rows = try await store.write { transaction throws(StoreError) in
            try (1...120).map { number throws(StoreError) in
                var event = EventRecord(
                    id: 0, type: ["x", "y", "z"][number % 3], key: "\(number % 40)", params: "{}",
                    source: ["cli:root", "script:1/a#1"][number / 3 % 2],
                    createdAt: Int64(number / 2 * 10))
                event.id = try transaction.insertEvent(event, force: true).id
                return event
            }
        }
    }

    @Test(arguments: [true, false]) func everyFilterFindsWhatALookAtEveryRowFinds(_ descending: Bool) async throws {
        for types: Set<String> in [[], ["x"], ["x", "z"], ["w"]] {
            for keys: Set<String> in [[], ["3"], ["3", "17", "99"]] {
                for sources: Set<String> in [[], ["cli:root"], ["cli:root", "script:1/a#1"], ["nobody"]] {
                    for (since, until) in [(nil, nil), (200, nil), (nil, 400), (200, 400)] as [(Int64?, Int64?)] {
                        var filter = EventFilter()
                        (filter.types, filter.keys, filter.sources) = (types, keys, sources)
                        (filter.since, filter.until) = (since, until)
                        let wanted = rows.filter {
                            (types.isEmpty || types.contains($0.type)) && (keys.isEmpty || keys.contains($0.key))
                                && (sources.isEmpty || sources.contains($0.source))
                                && $0.createdAt >= since ?? 0 && $0.createdAt < until ?? .max
                        }.map(\.id)
                        var found: [Int64] = []
                        var range = ListRange(descending: descending, limit: 11)
                        repeat {
                            let page = try await store.events(filter, range)
                            found += page.items.map(\.id)
                            range.after = page.next
                        } while range.after != nil
                        #expect(found == (descending ? wanted.reversed() : wanted), "\(filter)")
                    }
                }
            }
        }
    }
}
