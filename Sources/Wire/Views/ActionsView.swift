/// What became of an action on many Processings: `POST /processings/actions`
package struct ActionsView: Sendable, Hashable, Codable {
    package struct Item: Sendable, Hashable, Codable {
        package var processing: Int64
        /// `done`; `possible`, of a dry run; or `refused`.
        package var result: String
        /// The problem's type, of what was refused.
        package var problem: String?
        /// Why.
        package var detail: String?

        package init(processing: Int64, result: String, problem: String? = nil, detail: String? = nil) {
            self.processing = processing
            self.result = result
            self.problem = problem
            self.detail = detail
        }
    }

    package var action: String
    package var dryRun: Bool
    /// How many Processings it was about; of these, how many it was done for, or would be, and how many it was refused for.
    package var total: Int
    package var done: Int
    package var refused: Int
    /// The query finds more than the limit allows.
    package var more: Bool
    /// In the order of `ids`, or the oldest first.
    package var items: [Item]

    package init(action: String, dryRun: Bool, more: Bool, items: [Item]) {
        self.action = action
        self.dryRun = dryRun
        self.more = more
        self.items = items
        total = items.count
        refused = items.count { $0.result == "refused" }
        done = total - refused
    }

    enum CodingKeys: String, CodingKey {
        case action, total, done, refused, more, items
        case dryRun = "dry_run"
    }
}
