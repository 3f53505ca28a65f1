import Testing

@testable import Store

@Suite struct StoreHealthTests {
    @Test func oneCommitProvesThatItTakesChanges() async throws {
        let database = try TemporaryDatabase()
        let store = try Store(path: database.path)
        #expect(store.commits.histogram.isEmpty)
        let start = ContinuousClock.now
        try await store.checkWritable()
        #expect(store.commits.histogram.count == 1)
        // It has just been proven, unless this machine was very slow.
        try await store.checkWritable()
        #expect(store.commits.histogram.count == 1 || ContinuousClock.now - start >= .seconds(5))
        // Nothing was changed by it.
        let connection = try Connection(path: database.path, readOnly: true)
        let version = try connection.first("PRAGMA user_version") { Int($0.integer(0)) }
        #expect(version == Schema.migrations.count)
        #expect(store.commitFailures == 0)
        #expect(store.fileSizes.map(\.file) == ["database", "wal"])
        #expect(store.fileSizes.allSatisfy { $0.bytes > 0 })
    }

    @Test func aFailureIsCountedAndAskedForAgain() async throws {
        let database = try TemporaryDatabase()
        let store = try Store(path: database.path)
        try await store.setPatience(milliseconds: 10)
        // Somebody holds the database: the writer gives up after its patience, which the test cuts short.
        let other = try Connection(path: database.path, readOnly: false)
        try other.script("BEGIN IMMEDIATE")
        await #expect(throws: StoreError.self) {
            try await store.write { transaction throws(StoreError) in
                try transaction.savePause(true, reason: nil, task: "a")
            }
        }
        #expect(store.commitFailures == 1)
        await #expect(throws: StoreError.self) { try await store.checkWritable() }
        try other.script("ROLLBACK")
        try await store.checkWritable()
        #expect(store.commitFailures == 2)
    }
}

extension Store {
    fileprivate func setPatience(milliseconds: Int) async throws {
        _ = try await writer.write { connection throws(StoreError) in
            try connection.script("PRAGMA busy_timeout = \(milliseconds)")
        }
    }
}
