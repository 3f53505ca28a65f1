/// What a webhook of `notify` gets: a Processing has ended.
package struct NotificationView: Sendable, Hashable, Codable {
    /// `processing.success`, `processing.failed` or `processing.cancelled`
    package var type: String
    /// When it ended.
    package var timestamp: Timestamp
    /// As it was then.
    package var data: ProcessingView

    package init(type: String, timestamp: Timestamp, data: ProcessingView) {
        self.type = type
        self.timestamp = timestamp
        self.data = data
    }
}

/// That somebody is told of a Processing's end: `GET /deliveries`
package struct DeliveryView: Sendable, Hashable, Codable {
    package var id: Int64
    /// The `webhook-id` of every try.
    package var key: String
    /// By its name in altp.yaml.
    package var target: String
    package var processing: Int64
    package var task: String
    /// As the Processing ended.
    package var status: String
    package var outcome: String?
    /// `waiting`, `delivered`, or `failed`: given up.
    package var state: String
    package var tries: Int
    package var createdAt: Timestamp
    /// Of the last try.
    package var triedAt: Timestamp?
    /// Of the next, while it waits.
    package var dueAt: Timestamp?
    /// The HTTP status, or the mail command's exit status, of the last try.
    package var response: Int?
    /// What was wrong with the last try.
    package var error: String?

    package init(
        id: Int64, key: String, target: String, processing: Int64, task: String, status: String, outcome: String?,
        state: String, tries: Int, createdAt: Timestamp, triedAt: Timestamp?, dueAt: Timestamp?, response: Int?,
        error: String?
    ) {
        self.id = id
        self.key = key
        self.target = target
        self.processing = processing
        self.task = task
        self.status = status
        self.outcome = outcome
        self.state = state
        self.tries = tries
        self.createdAt = createdAt
        self.triedAt = triedAt
        self.dueAt = dueAt
        self.response = response
        self.error = error
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id, key, target, processing, task, status, outcome, state, tries, response, error
        case createdAt = "created_at"
        case triedAt = "tried_at"
        case dueAt = "due_at"
    }
}
