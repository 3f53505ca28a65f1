import Synchronization
import Testing

@testable import Store

@Suite struct ChangeTests {
    private let database: TemporaryDatabase
    private let store: Store

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private func tell(_ count: Int, at: Int64 = 1) async throws {
        try await store.write { transaction throws(StoreError) in
            for _ in 0..<count { try transaction.tell(ChangeRecord(.tasks, .paused, at: at, task: "a", reason: "r")) }
        }
    }

    @Test func changesComeInOrderWithWhatBelongsToThem() async throws {
        let id = try await store.write { transaction throws(StoreError) in
            let event = EventRecord(id: 0, type: "scene", key: "k", params: "{}", source: "test", createdAt: 5)
            var change = ChangeRecord(.events, .received, at: 5)
            change.event = try transaction.insertEvent(event, force: false).id
            try transaction.tell(change)
            try transaction.keepDefinition(hash: "h", content: "{}")
            var processing = ProcessingRecord(
                id: 0, task: "a", definition: "h", scripts: nil, event: change.event, params: "{\"x\":\"1\"}",
                priority: 3,
                status: .waiting, createdAt: 6)
            processing.id = try transaction.insertProcessing(processing)
            try transaction.tell(ChangeRecord(.created, of: processing, at: 6))
            processing.status = .failed
            processing.outcome = "hard"
            processing.endedAt = 9
            try transaction.updateProcessing(processing)
            try transaction.tell(ChangeRecord(.ended, of: processing, at: 9))
            return processing.id
        }
        let rows = try store.changeReader().changes(after: 0, limit: 10)
        #expect(rows.map(\.change.id) == [1, 2, 3])
        #expect(rows.map(\.change.kind) == [.received, .created, .ended])
        #expect(rows[0].event?.key == "k")
        #expect(rows[0].processing == nil)
        // Each tells of the Processing as it was, not as it has become.
        #expect(rows[1].processing?.status == .waiting)
        #expect(rows[1].processing?.id == id)
        #expect(rows[1].processing?.params == "{\"x\":\"1\"}")
        #expect(rows[2].processing?.status == .failed)
        #expect(rows[2].processing?.endedAt == 9)
        #expect(try store.changeReader().changes(after: 2, limit: 10).map(\.change.id) == [3])
        #expect(try store.changeReader().changes(after: 0, limit: 2).map(\.change.id) == [1, 2])
        #expect(try store.changeReader().bounds() == 1...3)
    }

    @Test func listenersHearOfCommittedChangesAlone() async throws {
        // Whoever is called sees at once what was committed.
        let seen = Mutex<[Int64]>([])
        let reader = try store.changeReader()
        store.onChanges { seen.withLock { $0.append((try? reader.bounds())??.upperBound ?? -1) } }
        try await tell(2)
        try? await store.write { transaction throws(StoreError) in
            try transaction.tell(ChangeRecord(.tasks, .paused, at: 1, task: "b"))
            throw StoreError("no")
        }
        try await store.write { transaction throws(StoreError) in try transaction.saveTick(1, task: "a") }
        try await tell(1)
        // The last call comes after the last commit's answer.
        while seen.withLock({ $0.last }) != 3 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(seen.withLock { Set($0) } == [2, 3])
        #expect(try reader.changes(after: 0, limit: 9).map(\.change.task) == ["a", "a", "a"])
    }

    @Test func theOldestGoAndTheNewestStay() async throws {
        store.keepChanges(1000)
        for _ in 0..<12 { try await tell(256) }
        let reader = try store.changeReader()
        // So many are kept, and those that came since they were last looked at.
        let least: Int64 = 3072 - 1000 - 256
        let most: Int64 = 3072 - 1000 + 1
        for _ in 0..<500 {
            guard let bounds = try reader.bounds(), bounds.lowerBound <= least else { break }
            try await Task.sleep(for: .milliseconds(2))
        }
        let bounds = try #require(try reader.bounds())
        #expect(bounds.upperBound == 3072)
        #expect(bounds.lowerBound > least && bounds.lowerBound <= most)
        // An id is not given twice, also where a new process begins.
        let again = try Store(path: database.path)
        try await again.write { transaction throws(StoreError) in
            try transaction.tell(ChangeRecord(.tasks, .resumed, at: 1, task: "a"))
        }
        #expect(try reader.bounds()?.upperBound == 3073)
    }
}
