/// `POST /host/gc`: what is removed, or would be, and what stays.
package struct CollectionView: Sendable, Hashable, Codable {
    package struct Item: Sendable, Hashable, Codable {
        package var processing: Int64
        package var task: String
        package var status: String
        /// What its directories hold; absent while that is not known.
        package var bytes: Int64?
        /// Why it goes; absent when it stays.
        package var cause: String?
        /// Who holds it, a phrase each.
        package var holders: [String]
        /// When its keep time is over; absent while it has not ended.
        package var keptUntil: Timestamp?

        package init(
            processing: Int64, task: String, status: String, bytes: Int64?, cause: String?, holders: [String],
            keptUntil: Timestamp?
        ) {
            self.processing = processing
            self.task = task
            self.status = status
            self.bytes = bytes
            self.cause = cause
            self.holders = holders
            self.keptUntil = keptUntil
        }

        enum CodingKeys: String, CodingKey {
            case processing, task, status, bytes, cause, holders
            case keptUntil = "kept_until"
        }
    }

    /// Of the state folder's file system, in bytes.
    package var total: Int64
    package var free: Int64
    package var keepFree: Int64
    /// What running Scripts may still add.
    package var reserved: Int64
    package var removed: [Item]
    package var stays: [Item]
    /// What is missing even then.
    package var missing: Int64

    package init(
        total: Int64, free: Int64, keepFree: Int64, reserved: Int64, removed: [Item], stays: [Item], missing: Int64
    ) {
        self.total = total
        self.free = free
        self.keepFree = keepFree
        self.reserved = reserved
        self.removed = removed
        self.stays = stays
        self.missing = missing
    }

    enum CodingKeys: String, CodingKey {
        case total, free, reserved, removed, stays, missing
        case keepFree = "keep_free"
    }
}
