import Testing

@testable import Store

@Suite struct DeliveryTests {
    private let database: TemporaryDatabase
    private let store: Store

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private func end(_ targets: [String], at: Int64 = 100) async throws -> Int64 {
        try await store.write { transaction throws(StoreError) in
            try transaction.keepDefinition(hash: "h", content: "{}")
            var processing = ProcessingRecord(
                id: 0, task: "a", definition: "h", scripts: nil, event: nil, params: "{\"x\":\"1\"}", priority: 0,
                status: .waiting, createdAt: 1)
            processing.id = try transaction.insertProcessing(processing)
            processing.status = .failed
            (processing.outcome, processing.script, processing.reason) = ("hard", "work", "exit status 3")
            (processing.startedAt, processing.endedAt) = (5, 9)
            try transaction.updateProcessing(processing)
            for target in targets { try transaction.insertDelivery(of: processing, to: target, at: at) }
            // It goes on, and what is told of its end stays what it was.
            processing.status = .waiting
            (processing.outcome, processing.endedAt, processing.run) = (nil, nil, 2)
            try transaction.updateProcessing(processing)
            return processing.id
        }
    }

    private func all(state: DeliveryState? = nil, target: String? = nil, processing: Int64? = nil) async throws
        -> [Int64]
    {
        try await store.deliveries(state: state, target: target, processing: processing, before: nil, limit: 100)
            .items.map(\.id)
    }

    @Test func keepsWhatTheProcessingWas() async throws {
        let id = try await end(["ops"])
        let delivery = try #require(try await store.delivery(1))
        #expect(delivery.processing.id == id && delivery.processing.status == .failed)
        #expect(delivery.processing.outcome == "hard" && delivery.processing.reason == "exit status 3")
        #expect(delivery.processing.endedAt == 9 && delivery.processing.run == 1)
        #expect(delivery.processing.params == "{\"x\":\"1\"}" && delivery.processing.task == "a")
        #expect(delivery.state == .waiting && delivery.tries == 0 && delivery.dueAt == 100 && delivery.beganAt == 100)
        #expect(delivery.key.count == 32)
        _ = try await end(["ops"])
        #expect(try await store.delivery(2)?.key != delivery.key)
        #expect(try await store.delivery(3) == nil)
    }

    @Test func findsWhatWaits() async throws {
        _ = try await end(["ops", "mail"], at: 300)
        let second = try await end(["ops"], at: 200)
        #expect(try await store.waitingTargets() == ["ops": 200, "mail": 300])
        #expect(try await store.waitingDeliveries(to: "ops", limit: 9).map(\.id) == [3, 1])
        #expect(try await store.waitingDeliveries(to: "ops", limit: 1).map(\.id) == [3])
        var delivery = try #require(try await store.delivery(3))
        delivery.state = .delivered
        (delivery.tries, delivery.triedAt, delivery.response, delivery.error) = (2, 500, 204, "before")
        let changed = delivery
        try await store.write { transaction throws(StoreError) in try transaction.updateDelivery(changed) }
        #expect(try await store.delivery(3) == delivery)
        #expect(try await store.waitingTargets() == ["ops": 300, "mail": 300])
        #expect(try await all() == [3, 2, 1])
        #expect(try await all(state: .waiting) == [2, 1])
        #expect(try await all(target: "ops") == [3, 1])
        #expect(try await all(state: .delivered, target: "mail") == [])
        #expect(try await all(processing: second) == [3])
        let page = try await store.deliveries(state: nil, target: nil, processing: nil, before: 3, limit: 1)
        #expect(page.items.map(\.id) == [2] && page.next?.id == 2)
    }

    @Test func removesTheOldestOfThoseThatAreOver() async throws {
        for _ in 0..<6 { _ = try await end(["ops"]) }
        for (id, state) in [(1, DeliveryState.delivered), (2, .failed), (3, .delivered), (4, .delivered)] {
            var delivery = try #require(try await store.delivery(Int64(id)))
            delivery.state = state
            let changed = delivery
            try await store.write { transaction throws(StoreError) in try transaction.updateDelivery(changed) }
        }
        try await store.write { transaction throws(StoreError) in try transaction.trimDeliveries(keep: 2) }
        #expect(try await all() == [6, 5, 4, 3, 2])
        try await store.write { transaction throws(StoreError) in try transaction.trimDeliveries(keep: 1) }
        #expect(try await all() == [6, 5, 4, 2])
    }
}
