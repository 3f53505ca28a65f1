import Testing

@testable import Store

@Suite struct RequestMemoryTests {
    private let database: TemporaryDatabase
    private let store: Store

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private static func receipt(_ caller: String, _ key: String, _ request: String = "r") -> RequestReceipt {
        RequestReceipt(caller: caller, key: key, request: request)
    }

    private static let answer = StoredAnswer(status: 201, headers: "[]", body: "{\"a\":\"é\"}")

    @Test func whatWasMadeIsKeptWithIt() async throws {
        let receipt = Self.receipt("a", "1")
        await #expect(throws: StoreError.self) {
            try await store.write { transaction throws(StoreError) in
                try transaction.keep(receipt, made: "{}", at: 1)
                throw StoreError("no")
            }
        }
        #expect(try await store.request(receipt) == nil)
        try await store.write { transaction throws(StoreError) in
            try transaction.keep(receipt, made: "{\"event\":1}", at: 1)
        }
        let made = RequestRecord(request: "r", at: 1, made: "{\"event\":1}", answer: nil)
        #expect(try await store.request(receipt) == made)
        try await store.write { transaction throws(StoreError) in
            try transaction.keep(Self.answer, to: receipt, at: 2)
        }
        #expect(
            try await store.request(receipt)
                == RequestRecord(request: "r", at: 2, made: "{\"event\":1}", answer: Self.answer))
        #expect(try await store.request(Self.receipt("b", "1")) == nil)
        #expect(try await store.request(Self.receipt("a", "2")) == nil)
    }

    @Test func anAnswerMayBeAllThatIsKept() async throws {
        let receipt = Self.receipt("a", "1")
        try await store.write { transaction throws(StoreError) in
            try transaction.keep(Self.answer, to: receipt, at: 2)
        }
        #expect(
            try await store.request(receipt) == RequestRecord(request: "r", at: 2, made: nil, answer: Self.answer))
    }

    /// After its time a key may be used for another request.
    @Test func aForgottenKeyBeginsAnew() async throws {
        let old = Self.receipt("a", "1", "old")
        let new = Self.receipt("a", "1", "new")
        try await store.write { transaction throws(StoreError) in
            try transaction.keep(old, made: "{\"event\":1}", at: 1)
            try transaction.keep(old.forItem(7), made: "", at: 1)
            try transaction.keep(Self.answer, to: old, at: 1)
            try transaction.keep(new, made: "{\"event\":2}", at: 9)
        }
        #expect(
            try await store.request(new) == RequestRecord(request: "new", at: 9, made: "{\"event\":2}", answer: nil))
        #expect(try await store.itemsDone(new) == [])
        let third = Self.receipt("a", "1", "third")
        try await store.write { transaction throws(StoreError) in
            try transaction.keep(Self.answer, to: third, at: 10)
        }
        #expect(
            try await store.request(third) == RequestRecord(request: "third", at: 10, made: nil, answer: Self.answer))
    }

    @Test func itemsBelongToTheirRequest() async throws {
        let receipt = Self.receipt("a", "1")
        try await store.write { transaction throws(StoreError) in
            try transaction.keep(receipt, made: "{}", at: 1)
            try transaction.keep(Self.receipt("a", "2"), made: "{}", at: 1)
            for item: Int64 in [3, 4, 3] { try transaction.keep(receipt.forItem(item), made: "", at: 1) }
            try transaction.keep(Self.receipt("a", "none").forItem(9), made: "", at: 1)
        }
        #expect(try await store.itemsDone(receipt) == [3, 4])
        #expect(try await store.itemsDone(Self.receipt("a", "2")) == [])
    }

    @Test func theOldestAreForgotten() async throws {
        let day = RequestMemory.time
        try await store.write { transaction throws(StoreError) in
            for number in 0..<10 {
                try transaction.keep(Self.receipt("a", "\(number)"), made: "{}", at: day + Int64(number))
                try transaction.keep(Self.receipt("b", "\(number)"), made: "{}", at: day + Int64(number))
            }
        }
        func known(_ caller: String) async throws -> [Int] {
            var found: [Int] = []
            for number in 0..<10 where try await store.request(Self.receipt(caller, "\(number)")) != nil {
                found.append(number)
            }
            return found
        }
        try await store.write { transaction throws(StoreError) in
            try transaction.forgetRequests(of: "a", at: day, mostOfCaller: 4, most: 100)
        }
        #expect(try await known("a") == [6, 7, 8, 9])
        #expect(try await known("b") == Array(0..<10))
        try await store.write { transaction throws(StoreError) in
            try transaction.forgetRequests(of: "a", at: 2 * day + 3, mostOfCaller: 100, most: 100)
        }
        #expect(try await known("b") == Array(3..<10))
        try await store.write { transaction throws(StoreError) in
            try transaction.forgetRequests(of: "c", at: day, mostOfCaller: 100, most: 3)
        }
        // Of the last three one is a's, for both came in turn.
        #expect(try await known("a") == [9])
        #expect(try await known("b") == [8, 9])
    }
}
