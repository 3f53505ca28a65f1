import Wire

/// Which page of a list is asked for. The cursor is opaque to clients, so that it may come to hold more than a row's number.
struct Paging: Hashable {
    var before: Int64?
    var limit: Int

    init(_ query: Query) throws(Problem) {
        limit = Int(try query.integer("limit", in: 1...500, default: 50))
        guard let cursor = query.first("cursor") else { return }
        guard cursor.first == "p", let before = Int64(cursor.dropFirst(), radix: 36), before > 0 else {
            throw Query.wrong("cursor", "must be the `next` of the page before")
        }
        self.before = before
    }

    static func cursor(_ before: Int64) -> String { "p" + String(before, radix: 36) }
}
