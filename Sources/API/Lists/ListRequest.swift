import Store
import Wire

/// Which part of a list is asked for, how it is sorted, and what of each item is wanted.
struct ListRequest: Sendable, Hashable {
    /// `created_at`, or `-created_at` for the last first.
    let sort: String
    let limit: Int
    /// What the cursor holds: where this page begins.
    let place: String?
    /// Nil for all.
    let fields: Set<String>?

    /// Of the list, its filter and its sort: what a cursor belongs to.
    private let fingerprint: String
    private let path: String
    private let items: [HTTPRequest.QueryItem]

    static let mostFilterValues = 50

    /// - Parameters:
    ///   - sorts: those that there are.
    ///   - preset: that of who asks for none.
    ///   - known: the names of an item's fields.
    init(_ call: Call, sorts: [String], preset: String, fields known: [String]) throws(Problem) {
        let query = call.query
        limit = Int(try query.integer("limit", in: 1...500, default: 50))
        sort = query.first("sort") ?? preset
        guard sorts.contains(sort) else { throw Query.wrong("sort", "must be \(sorts.joined(separator: ", "))") }
        fields = try Self.fields(query, known)
        path = call.request.instance
        items = call.request.query.filter { $0.name != "cursor" }
        var digest = Fingerprint()
        digest.add(path)
        digest.add(sort)
        let filters = items.filter { !["limit", "fields", "sort"].contains($0.name) }.map { "\($0.name)=\($0.value)" }
        for filter in Set(filters).sorted() { digest.add(filter) }
        fingerprint = digest.text
        guard let cursor = query.first("cursor") else {
            place = nil
            return
        }
        let parts = cursor.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { throw Self.noCursor }
        guard parts[0] == fingerprint else {
            throw Query.wrong(
                "cursor", "belongs to another list, filter or sort; leave it out to begin at the first page")
        }
        place = String(parts[1])
    }

    static let noCursor = Query.wrong("cursor", "must be the `next` of the page before")

    private static func fields(_ query: Query, _ known: [String]) throws(Problem) -> Set<String>? {
        let given = query.all("fields")
        guard !given.isEmpty else { return nil }
        var fields: Set<String> = []
        for name in given.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }).map(String.init) {
            guard known.contains(name) else {
                let near = nearest(to: name, among: known)
                throw Query.wrong(
                    "fields",
                    near.map { "has \(name.prefix(40)), which is unknown; did you mean \($0)?" }
                        ?? "may have \(known.joined(separator: ", "))")
            }
            fields.insert(name)
        }
        return fields
    }

    func has(_ field: String) -> Bool { fields?.contains(field) ?? true }

    /// What asks for the page behind this place.
    func cursor(_ place: String) -> String { "\(fingerprint).\(place)" }

    /// - Parameters:
    ///   - items: a JSON array.
    ///   - next: where the next page begins.
    ///   - isCut: there is more than was looked at.
    func response(items: [UInt8], next: String?, isCut: Bool = false) -> HTTPResponse {
        var headers = [HTTPResponse.Header("Content-Type", "application/json")]
        var writer = JSONWriter(capacity: items.count + 128)
        writer.beginObject()
        if isCut {
            writer.name("cut")
            writer.value(json: "true".utf8)
        }
        writer.name("items")
        writer.value(json: items)
        if let next {
            let cursor = cursor(next)
            writer.name("next")
            writer.value(cursor)
            headers.append(.init("Link", "<\(link(cursor))>; rel=\"next\""))
        }
        writer.endObject()
        return HTTPResponse(status: 200, headers: headers, body: writer.bytes)
    }

    /// RFC 8288: the next page, with all that this one was asked for.
    private func link(_ cursor: String) -> String {
        let query = (items + [.init(name: "cursor", value: cursor)]).map {
            "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))"
        }
        return "\(path)?\(query.joined(separator: "&"))"
    }

    /// Items as the coder writes them, with what is wanted of each.
    func encode<Item: ListedView>(_ items: [Item]) throws -> [UInt8] {
        guard let fields else { return try WireJSON.encode(items) }
        var writer = JSONWriter()
        writer.beginArray()
        for item in items { writer.value(json: JSONBytes.members(of: try WireJSON.encode(item), named: fields)) }
        writer.endArray()
        return writer.bytes
    }
}

extension ListRequest {
    /// For a list that the store has by time.
    func range() throws(Problem) -> ListRange {
        var range = ListRange(descending: sort.hasPrefix("-"), limit: limit)
        guard let place else { return range }
        let parts = place.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let key = Int64(parts[0], radix: 36), let id = Int64(parts[1], radix: 36) else {
            throw Self.noCursor
        }
        range.after = ListPosition(key: key, id: id)
        return range
    }

    static func place(_ position: ListPosition) -> String {
        "\(String(position.key, radix: 36)).\(String(position.id, radix: 36))"
    }
}

extension Query {
    /// The values of a filter: a bounded number.
    func filter(_ name: String) throws(Problem) -> Set<String> {
        let values = Set(all(name))
        guard values.count <= ListRequest.mostFilterValues else {
            throw Self.wrong(name, "may be given at most \(ListRequest.mostFilterValues) times")
        }
        return values
    }

    /// The parameter as a moment, in milliseconds since the epoch.
    func time(_ name: String) throws(Problem) -> Int64? {
        guard let text = first(name) else { return nil }
        guard let time = Timestamp(parsing: text) else {
            throw Self.wrong(name, "must be a time such as 2026-11-24T12:30:01Z")
        }
        return time.milliseconds
    }
}
