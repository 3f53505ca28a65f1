import Wire

// The Launcher's routes by name. Each throws what `send` throws.
extension LauncherClient {
    func get(_ path: String, _ query: [HTTPRequest.QueryItem] = []) throws -> HTTPResponse {
        try send(HTTPRequest(method: "GET", path: WirePath.root + path, query: query))
    }

    @discardableResult
    func post(_ path: String, _ body: (any RequestBody)? = nil) throws -> HTTPResponse {
        let bytes = try body.map { try WireJSON.encode($0) } ?? []
        return try send(HTTPRequest(method: "POST", path: WirePath.root + path, body: bytes))
    }

    @discardableResult
    func put(_ path: String, _ body: any RequestBody) throws -> HTTPResponse {
        try send(HTTPRequest(method: "PUT", path: WirePath.root + path, body: try WireJSON.encode(body)))
    }

    @discardableResult
    func delete(_ path: String) throws -> HTTPResponse {
        try send(HTTPRequest(method: "DELETE", path: WirePath.root + path))
    }

    func processing(_ id: Int64) throws -> ProcessingView {
        try decode(ProcessingView.self, try get("/processings/\(id)").body)
    }

    func event(_ id: Int64) throws -> EventView { try decode(EventView.self, try get("/events/\(id)").body) }

    func explanation(_ id: Int64) throws -> ExplanationView {
        try decode(ExplanationView.self, try get("/processings/\(id)/why").body)
    }

    /// The newest of a list, up to `limit` over as many pages as that takes; all of them when it is nil.
    func list<Item: Codable & Sendable>(
        _ type: Item.Type, _ path: String, _ query: [HTTPRequest.QueryItem], limit: Int?
    ) throws -> PageView<Item> {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let size = min(Self.pageSize, limit.map { $0 - items.count } ?? Self.pageSize)
            var query = query + [.init(name: "limit", value: "\(size)")]
            if let cursor { query.append(.init(name: "cursor", value: cursor)) }
            let page = try decode(PageView<Item>.self, try get(path, query).body)
            items += page.items
            cursor = page.next
        } while cursor != nil && items.count < limit ?? .max
        return PageView(items: items, next: cursor)
    }

    /// What the Launcher gives at once.
    private static var pageSize: Int { 200 }

    static func taskPath(_ name: String) -> String { "/tasks/\(HTTPRequest.encode(name))" }
}
