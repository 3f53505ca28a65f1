// What is remembered of requests that came with an Idempotency-Key.

/// Names a request: whoever does what it asks for leaves a note in the same transaction, so that it is never done twice.
package struct RequestReceipt: Sendable, Hashable {
    package var caller: String
    package var key: String
    /// A hash of all that was asked for.
    package var request: String
    /// One of the many Processings that the request is about; nil for the request as a whole.
    package var item: Int64?

    package init(caller: String, key: String, request: String, item: Int64? = nil) {
        self.caller = caller
        self.key = key
        self.request = request
        self.item = item
    }

    package func forItem(_ item: Int64) -> RequestReceipt {
        RequestReceipt(caller: caller, key: key, request: request, item: item)
    }
}

package struct StoredAnswer: Sendable, Hashable {
    package var status: Int
    /// As JSON.
    package var headers: String
    package var body: String

    package init(status: Int, headers: String, body: String) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What became of a request.
package struct RequestRecord: Sendable, Hashable {
    /// A hash of all that was asked for.
    package var request: String
    package var at: Int64
    /// What it has made, a JSON object; nil when its answer says all.
    package var made: String?
    /// Nil when the Launcher was ended before it had answered.
    package var answer: StoredAnswer?

    package init(request: String, at: Int64, made: String?, answer: StoredAnswer?) {
        self.request = request
        self.at = at
        self.made = made
        self.answer = answer
    }
}

package enum RequestMemory {
    /// Milliseconds for which a request is remembered.
    package static let time: Int64 = 86_400_000
    /// How many are remembered, of one caller and in all; beyond that the oldest go.
    package static let mostOfCaller = 10_000
    package static let most = 50_000
}

extension StoreTransaction {
    /// Notes what a request has made, or which of its Processings it is done for.
    package func keep(_ receipt: RequestReceipt, made: String, at: Int64) throws(StoreError) {
        if let item = receipt.item {
            try connection.run(
                """
                INSERT OR IGNORE INTO idempotency_item (request, processing)
                SELECT id, ? FROM idempotency WHERE caller = ? AND key = ?
                """, .integer(item), .text(receipt.caller), .text(receipt.key))
            return
        }
        // One that is there already is past its time.
        try connection.run(
            "DELETE FROM idempotency WHERE caller = ? AND key = ?", .text(receipt.caller), .text(receipt.key))
        try connection.run(
            "INSERT INTO idempotency (caller, key, request, at, made) VALUES (?, ?, ?, ?, ?)", .text(receipt.caller),
            .text(receipt.key), .text(receipt.request), .integer(at), .text(made))
        try forget(after: connection.lastInsertedID, of: receipt.caller, at: at)
    }

    /// Keeps the answer to a request.
    package func keep(_ answer: StoredAnswer, to receipt: RequestReceipt, at: Int64) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO idempotency (caller, key, request, at, status, headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (caller, key) DO UPDATE SET status = ?5, headers = ?6, body = ?7, at = ?4,
                made = iif(request = ?3, made, NULL), request = ?3
            """, .text(receipt.caller), .text(receipt.key), .text(receipt.request), .integer(at),
            .integer(Int64(answer.status)), .text(answer.headers), .text(answer.body))
        try forget(after: connection.lastInsertedID, of: receipt.caller, at: at)
    }

    /// Now and then, for the counting takes longer than all the rest.
    private func forget(after id: Int64, of caller: String, at: Int64) throws(StoreError) {
        guard id % 64 == 0 else { return }
        try forgetRequests(of: caller, at: at, mostOfCaller: RequestMemory.mostOfCaller, most: RequestMemory.most)
    }

    /// Forgets what is too old, and the oldest of what is too much.
    func forgetRequests(of caller: String, at: Int64, mostOfCaller: Int, most: Int) throws(StoreError) {
        try connection.run("DELETE FROM idempotency WHERE at < ?", .integer(at - RequestMemory.time))
        try connection.run(
            """
            DELETE FROM idempotency WHERE caller = ?1 AND id <= (
                SELECT id FROM idempotency WHERE caller = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
            """, .text(caller), .integer(Int64(mostOfCaller)))
        try connection.run(
            "DELETE FROM idempotency WHERE id <= (SELECT id FROM idempotency ORDER BY id DESC LIMIT 1 OFFSET ?)",
            .integer(Int64(most)))
    }
}

extension Store {
    /// What became of the request that came with this key, whatever was asked for; nil when there was none.
    package func request(_ receipt: RequestReceipt) async throws(StoreError) -> RequestRecord? {
        try await read { connection throws(StoreError) in
            try connection.first(
                "SELECT request, at, made, status, headers, body FROM idempotency WHERE caller = ? AND key = ?",
                .text(receipt.caller), .text(receipt.key)
            ) { row in
                RequestRecord(
                    request: row.text(0), at: row.integer(1), made: row.optionalText(2),
                    answer: row.optionalInteger(3).map {
                        StoredAnswer(status: Int($0), headers: row.text(4), body: row.text(5))
                    })
            }
        }
    }

    /// The Processings for which a request about many is done.
    package func itemsDone(_ receipt: RequestReceipt) async throws(StoreError) -> Set<Int64> {
        try await read { connection throws(StoreError) in
            Set(
                try connection.all(
                    """
                    SELECT processing FROM idempotency_item
                    WHERE request = (SELECT id FROM idempotency WHERE caller = ? AND key = ?)
                    """, [.text(receipt.caller), .text(receipt.key)]
                ) { $0.integer(0) })
        }
    }
}
