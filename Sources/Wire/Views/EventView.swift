/// An Event: `GET /events`, `GET /events/{id}`
package struct EventView: Sendable, Hashable, Codable {
    package var id: Int64
    package var type: String
    /// The deduplication key.
    package var key: String
    package var params: [String: ParameterValue]
    /// Who sent it: `cli:root`, `script:42/discover#1`.
    package var source: String
    package var createdAt: Timestamp
    /// The Processings it caused; absent in lists.
    package var processings: [Int64]?

    package init(
        id: Int64, type: String, key: String, params: [String: ParameterValue], source: String, createdAt: Timestamp,
        processings: [Int64]? = nil
    ) {
        self.id = id
        self.type = type
        self.key = key
        self.params = params
        self.source = source
        self.createdAt = createdAt
        self.processings = processings
    }

    enum CodingKeys: String, CodingKey {
        case id, type, key, params, source, processings
        case createdAt = "created_at"
    }
}

/// What became of an Event that was sent: `POST /events`, 201, or 200 for a duplicate.
package struct EventReceiptView: Sendable, Hashable, Codable {
    package var event: EventView
    /// An Event of this type and key was there already; nothing was done.
    package var duplicate: Bool

    package init(event: EventView, duplicate: Bool) {
        self.event = event
        self.duplicate = duplicate
    }
}
