// What is kept of ended Processings, beside the history: pins, and what their directories hold.

/// Somebody wants a Processing's directories to stay.
package struct PinRecord: Sendable, Hashable {
    package var processing: Int64
    /// `cli:root`
    package var who: String
    package var reason: String?
    package var at: Int64

    package init(processing: Int64, who: String, reason: String?, at: Int64) {
        self.processing = processing
        self.who = who
        self.reason = reason
        self.at = at
    }
}

/// The directories of an ended Processing.
package struct PreservedRecord: Sendable, Hashable {
    package var processing: Int64
    /// What they hold of the disk; nil while that is not known.
    package var bytes: Int64?
    /// Their removal has begun, and why.
    package var removal: String?

    package init(processing: Int64, bytes: Int64?, removal: String?) {
        self.processing = processing
        self.bytes = bytes
        self.removal = removal
    }
}

extension StoreTransaction {
    package func savePin(_ pin: PinRecord) throws(StoreError) {
        try connection.run(
            "INSERT OR REPLACE INTO pin (processing, who, reason, at) VALUES (?, ?, ?, ?)", .integer(pin.processing),
            .text(pin.who), .optional(pin.reason), .integer(pin.at))
    }

    package func removePin(of processing: Int64) throws(StoreError) {
        try connection.run("DELETE FROM pin WHERE processing = ?", .integer(processing))
    }

    package func saveSize(_ bytes: Int64, of processing: Int64) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO preserved (processing, bytes) VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes
            """, .integer(processing), .integer(bytes))
    }

    /// Records that a removal begins, so that the next start goes on with it.
    package func beginRemoval(_ reason: String, of processing: Int64) throws(StoreError) {
        try connection.run(
            """
            INSERT INTO preserved (processing, removal) VALUES (?, ?) ON CONFLICT DO UPDATE SET removal = excluded.removal
            """, .integer(processing), .text(reason))
    }

    /// A removal has failed before anything was gone.
    package func endRemoval(of processing: Int64) throws(StoreError) {
        try connection.run("UPDATE preserved SET removal = NULL WHERE processing = ?", .integer(processing))
    }

    /// The directories are gone, or in use again.
    package func forgetPreserved(_ processing: Int64) throws(StoreError) {
        try connection.run("DELETE FROM preserved WHERE processing = ?", .integer(processing))
    }
}

extension Store {
    package func pins() async throws(StoreError) -> [PinRecord] {
        try await read { connection throws(StoreError) in
            try connection.all("SELECT processing, who, reason, at FROM pin") {
                PinRecord(
                    processing: $0.integer(0), who: $0.text(1), reason: $0.optionalText(2), at: $0.integer(3))
            }
        }
    }

    package func preserved() async throws(StoreError) -> [PreservedRecord] {
        try await read { connection throws(StoreError) in
            try connection.all("SELECT processing, bytes, removal FROM preserved") {
                PreservedRecord(
                    processing: $0.integer(0), bytes: $0.optionalInteger(1), removal: $0.optionalText(2))
            }
        }
    }
}
