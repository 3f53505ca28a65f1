/// Which Events a list has. What is empty or nil asks for nothing.
package struct EventFilter: Sendable, Hashable {
    package var types: Set<String> = []
    package var keys: Set<String> = []
    /// Who sent it, as it is recorded.
    package var sources: Set<String> = []
    /// Created at or after this time, and before that one.
    package var since: Int64?
    package var until: Int64?

    package init() {}
}

extension Store {
    package func events(_ filter: EventFilter, _ range: ListRange) async throws(StoreError) -> ListPage<EventRecord> {
        try await readTogether { connection throws(StoreError) in
            try EventList(filter: filter).page(range, connection)
        }
    }
}

struct EventList {
    let filter: EventFilter

    func page(_ range: ListRange, _ connection: Connection) throws(StoreError) -> ListPage<EventRecord> {
        let query = ListQuery<EventRecord>(
            table: "event", columns: EventRecord.columns, key: "created_at",
            position: { ListPosition(key: $0.createdAt, id: $0.id) }, read: EventRecord.init)
        var span = KeySpan()
        span.narrow(from: filter.since)
        span.narrow(before: filter.until)
        return try query.page(try lookups(connection), Conditions(), in: span, range, connection)
    }

    private func lookups(_ connection: Connection) throws(StoreError) -> [Lookup] {
        if !filter.keys.isEmpty {
            // A key is unique within its type, but for what was sent again.
            var rest = Conditions()
            rest.add("source", in: filter.sources)
            let types = try types(connection, Lookup("INDEXED BY event_by_type WHERE true"))
            return types.flatMap { type in
                filter.keys.map { key in
                    Lookup(
                        "INDEXED BY sqlite_autoindex_event_1 WHERE type = ? AND key = ?\(rest.text)",
                        [.text(type), .text(key)] + rest.values)
                }
            }
        }
        if !filter.sources.isEmpty {
            let index = "INDEXED BY event_by_source WHERE source = ?"
            var lookups: [Lookup] = []
            for source in filter.sources {
                let types = try types(connection, Lookup(index, [.text(source)]))
                lookups += types.map { Lookup("\(index) AND type = ?", [.text(source), .text($0)]) }
            }
            return lookups
        }
        guard !filter.types.isEmpty else { return [Lookup("INDEXED BY event_by_time WHERE true")] }
        return filter.types.map { Lookup("INDEXED BY event_by_type WHERE type = ?", [.text($0)]) }
    }

    private func types(_ connection: Connection, _ lookup: Lookup) throws(StoreError) -> [String] {
        filter.types.isEmpty ? try connection.distinct("type", in: "event", lookup) : filter.types.sorted()
    }
}
