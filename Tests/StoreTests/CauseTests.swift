import Testing

@testable import Store

@Suite struct CauseTests {
    private let database: TemporaryDatabase
    private let store: Store
    private static let day: Int64 = 86_400_000

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private func cause(_ fingerprint: String, task: String = "a", script: String = "load") -> CauseRecord {
        CauseRecord(
            fingerprint: fingerprint, task: task, script: script, outcome: "hard", pattern: "pattern of \(fingerprint)",
            sample: "sample")
    }

    private func note(_ cause: CauseRecord, at: Int64 = 5, ends: Bool = true) async throws -> String {
        let rest = self.cause("rest", task: cause.task, script: cause.script)
        return try await store.write { transaction throws(StoreError) in
            try transaction.noteCause(cause, rest: rest, at: at, endsProcessing: ends)
        }
    }

    @Test func countsAttemptsAndProcessings() async throws {
        for time in [10, 30, 20] as [Int64] { #expect(try await note(cause("x"), at: time) == "x") }
        _ = try await note(cause("x"), at: 25, ends: false)
        _ = try await note(cause("y", task: "b"), at: 2 * Self.day, ends: true)
        var page = try await store.causes(CauseFilter(), limit: 10)
        #expect(page.causeCount == 2)
        #expect(page.attempts == 5)
        #expect(page.processings == 4)
        #expect(page.causes.map(\.fingerprint) == ["x", "y"])
        #expect(page.causes[0].firstSeen == 10)
        #expect(page.causes[0].lastSeen == 30)
        #expect(page.causes[0].attempts == 4)
        #expect(page.causes[0].processings == 3)
        #expect(try await store.cause("x") == page.causes[0])
        #expect(try await store.cause("z") == nil)

        let cases: [(String, (inout CauseFilter) -> Void, [String], Int)] = [
            ("task", { $0.tasks = ["b"] }, ["y"], 1), ("script", { $0.scripts = ["none"] }, [], 0),
            ("outcome", { $0.outcomes = ["hard", "oom"] }, ["x", "y"], 4), ("day", { $0.since = 1 }, ["y"], 1),
            ("day and task", { ($0.since, $0.tasks) = (0, ["a"]) }, ["x"], 3),
            ("order", { $0.order = .lastSeen }, ["y", "x"], 4), ("the future", { $0.since = 3 }, [], 0),
        ]
        for (name, change, expected, processings) in cases {
            var filter = CauseFilter()
            change(&filter)
            page = try await store.causes(filter, limit: 10)
            #expect(page.causes.map(\.fingerprint) == expected, "\(name)")
            #expect(page.processings == processings, "\(name)")
        }
        page = try await store.causes(CauseFilter(), limit: 1)
        #expect(page.causes.count == 1)
        #expect(page.causeCount == 2)
    }

    @Test func aScriptThatSaysSomethingElseEachTimeFillsNothing() async throws {
        let most = StoreTransaction.mostCausesOfScript
        let causes = (0..<(most + 20)).map { cause("c\($0)") }
        let rest = cause("rest")
        let noted = try await store.write { transaction throws(StoreError) in
            var noted: [String] = []
            for cause in causes {
                noted.append(try transaction.noteCause(cause, rest: rest, at: 5, endsProcessing: true))
            }
            return noted
        }
        #expect(noted == (0..<(most + 20)).map { $0 < most ? "c\($0)" : "rest" })
        // Those that are known go on being counted, and other Scripts have their own.
        #expect(try await note(cause("c3")) == "c3")
        #expect(try await note(cause("c9999", script: "mix")) == "c9999")
        #expect(try await store.cause("rest")?.processings == 20)
        #expect(try await store.causes(CauseFilter(), limit: 1).causeCount == most + 2)
    }

    @Test func findsWhatHasFailedOfIt() async throws {
        var ids: [Int64] = []
        let states: [(ProcessingStatus, String?)] = [
            (.failed, "x"), (.failed, "y"), (.success, nil), (.failed, "x"), (.running, nil), (.failed, nil),
        ]
        for (status, cause) in states {
            ids.append(
                try await store.write { transaction throws(StoreError) in
                    try transaction.keepDefinition(hash: "h", content: "{}")
                    var record = ProcessingRecord(
                        id: 0, task: "a", definition: "h", scripts: nil, event: nil, params: "{}", priority: 0,
                        status: .waiting, createdAt: 1)
                    record.id = try transaction.insertProcessing(record)
                    (record.status, record.cause) = (status, cause)
                    try transaction.updateProcessing(record)
                    return record.id
                })
        }
        #expect(try await store.failed(ofCause: "x", limit: 10).map(\.id) == [ids[3], ids[0]])
        #expect(try await store.failed(ofCause: "x", limit: 1).map(\.id) == [ids[3]])
        var filter = ProcessingFilter()
        filter.causes = ["x", "y"]
        #expect(
            try await store.processings(filter, ListRange(limit: 10)).items.map(\.id) == [ids[3], ids[1], ids[0]])
        let first = ListRange(after: ListPosition(key: 1, id: ids[3]), limit: 1)
        #expect(try await store.processings(filter, first).items.map(\.id) == [ids[1]])
        filter.statuses = [.success]
        #expect(try await store.processings(filter, ListRange(limit: 10)).items.isEmpty)
    }
}
