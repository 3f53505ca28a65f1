import Testing

@testable import Store

@Suite struct SecurityTests {
    private let database: TemporaryDatabase
    private let store: Store

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private static func entry(_ path: String, kind: AuditRecord.Kind = .person, at: Int64 = 1000) -> AuditRecord {
        AuditRecord(
            at: at, kind: kind, who: "cli:root", origin: "pid 1 uid 0", method: "POST", path: path, body: nil,
            status: 200, request: "r")
    }

    private func paths(_ filter: AuditFilter = AuditFilter()) async throws -> [String] {
        try await store.audit(filter, before: nil, limit: 1000).items.map(\.path)
    }

    private func pause(_ task: String) async throws(StoreError) { try await Self.pause(task, store) }

    private static func pause(_ task: String, _ store: Store) async throws(StoreError) {
        try await store.write { transaction throws(StoreError) in
            try transaction.savePause(true, reason: nil, task: task)
        }
    }

    @Test func aChangeTakesItsEntryAlong() async throws {
        let pending = PendingAudit(Self.entry("/a"))
        try await PendingAudit.$current.withValue(pending) {
            try await pause("a")
            // A second change of the same request is no second entry.
            try await pause("b")
        }
        #expect(pending.close() == 1)
        #expect(try await paths() == ["/a"])
        #expect(try await store.tasks().count == 2)
    }

    /// The Launcher's own work goes on beside the request, and after it.
    @Test func whatARequestSetsOffTakesNoEntryAlong() async throws {
        let pending = PendingAudit(Self.entry("/a"))
        try await PendingAudit.$current.withValue(pending) {
            try await Task { [store] in try await Self.pause("a", store) }.value
            #expect(PendingAudit.current != nil)
        }
        #expect(try await paths() == [])
        let late = PendingAudit.$current.withValue(pending) { Task { [store] in try await Self.pause("b", store) } }
        #expect(pending.close() == nil)
        try await late.value
        #expect(try await paths() == [])
    }

    @Test func aChangeThatFailsHasNoEntryYet() async throws {
        let pending = PendingAudit(Self.entry("/a"))
        try await PendingAudit.$current.withValue(pending) {
            await #expect(throws: StoreError.self) {
                try await store.write { _ throws(StoreError) in throw StoreError("no") }
            }
            #expect(try await paths() == [])
            try await pause("a")
        }
        #expect(pending.close() != nil)
        #expect(try await paths() == ["/a"])
    }

    @Test func changesOutsideOfRequestsHaveNone() async throws {
        try await pause("a")
        #expect(try await paths() == [])
    }

    @Test func aFloodOfOneKindLeavesTheOthers() async throws {
        try await store.write { transaction throws(StoreError) in
            try transaction.insertAudit(Self.entry("/first"))
            for number in 0..<20 { try transaction.insertAudit(Self.entry("/refused\(number)", kind: .refused)) }
            try transaction.insertAudit(Self.entry("/script", kind: .script))
            try transaction.trimAudit(before: 0, entries: 3)
        }
        #expect(try await paths() == ["/script", "/refused19", "/refused18", "/refused17", "/first"])
    }

    @Test func whatIsTooOldGoes() async throws {
        try await store.write { transaction throws(StoreError) in
            for number in 0..<5 { try transaction.insertAudit(Self.entry("/\(number)", at: Int64(number) * 100)) }
            try transaction.trimAudit(before: 300, entries: 100)
        }
        #expect(try await paths() == ["/4", "/3"])
        try await store.write { transaction throws(StoreError) in
            try transaction.trimAudit(before: 10_000, entries: 100)
        }
        #expect(try await paths() == [])
    }

    @Test func theLogIsFiltered() async throws {
        try await store.write { transaction throws(StoreError) in
            var entry = Self.entry("/tasks/a/pause", at: 100)
            try transaction.insertAudit(entry)
            (entry.who, entry.status, entry.at) = ("token:ci", 403, 200)
            try transaction.insertAudit(entry)
            (entry.method, entry.path, entry.at) = ("DELETE", "/tokens/x", 300)
            try transaction.insertAudit(entry)
        }
        func found(_ change: (inout AuditFilter) -> Void) async throws -> Int {
            var filter = AuditFilter()
            change(&filter)
            return try await paths(filter).count
        }
        #expect(try await found { $0.who = ["token:ci"] } == 2)
        #expect(try await found { $0.who = ["token:ci", "cli:root"] } == 3)
        #expect(try await found { $0.methods = ["DELETE"] } == 1)
        #expect(try await found { $0.statuses = [200] } == 1)
        #expect(try await found { $0.path = "/tasks/" } == 2)
        #expect(try await found { $0.path = "%" } == 0)
        #expect(try await found { ($0.since, $0.until) = (200, 300) } == 1)
        let first = try await store.audit(AuditFilter(), before: nil, limit: 2)
        #expect(first.items.map(\.id) == [3, 2])
        #expect(try await store.audit(AuditFilter(), before: first.next?.id, limit: 2).items.map(\.id) == [1])
    }

    @Test func namesOfValidTokensAreTheirsAlone() async throws {
        func insert(_ id: String) async throws -> Bool {
            try await store.write { transaction throws(StoreError) in
                try transaction.insertToken(
                    TokenRecord(
                        id: id, hash: "h", name: "ci", description: nil, role: "viewer", tasks: nil, createdAt: 1,
                        createdBy: "cli:root", expiresAt: nil))
            }
        }
        #expect(try await insert("a"))
        #expect(try await insert("b") == false)
        try await store.write { transaction throws(StoreError) in
            try transaction.revokeToken("a", at: 5)
            try transaction.revokeToken("a", at: 9)
        }
        #expect(try await insert("b"))
        #expect(try await store.tokens().map(\.id) == ["a", "b"])
        #expect(try await store.tokens().map(\.revokedAt) == [5, nil])
    }
}
