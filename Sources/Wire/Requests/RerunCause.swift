/// `POST /causes/{fingerprint}/rerun`
package struct RerunCause: RequestBody, Hashable {
    /// The Script to begin with; the first when absent.
    package var from: String?
    /// Use today's definition and scripts.
    package var current: Bool?
    /// At most so many, the newest first; 1000 when absent.
    package var limit: Int?
    /// Only say which.
    package var dryRun: Bool?

    package init(from: String? = nil, current: Bool? = nil, limit: Int? = nil, dryRun: Bool? = nil) {
        self.from = from
        self.current = current
        self.limit = limit
        self.dryRun = dryRun
    }

    enum CodingKeys: String, CodingKey {
        case from, current, limit
        case dryRun = "dry_run"
    }

    package static let fields = ["from", "current", "limit", "dry_run"]
}
