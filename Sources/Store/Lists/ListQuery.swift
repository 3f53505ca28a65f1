// How lists are read: with millions of rows each page costs about the same. A filter is taken apart into lookups that an
// index answers in the list's order, and what these find is merged. Which index answers which is said (INDEXED BY), for
// without statistics SQLite's choice between them is a guess.

/// A place in a list: right behind the row of this key and id.
package struct ListPosition: Sendable, Hashable {
    /// The time that the list is sorted by, milliseconds since the epoch.
    package var key: Int64
    package var id: Int64

    package init(key: Int64, id: Int64) {
        self.key = key
        self.id = id
    }
}

/// A page of a list.
package struct ListPage<Element: Sendable>: Sendable {
    package var items: [Element]
    /// Where the next page begins; nil on the last.
    package var next: ListPosition?

    package init(items: [Element], next: ListPosition?) {
        self.items = items
        self.next = next
    }
}

/// Which part of a list is asked for.
package struct ListRange: Sendable, Hashable {
    package var descending: Bool
    package var after: ListPosition?
    package var limit: Int

    package init(descending: Bool = true, after: ListPosition? = nil, limit: Int) {
        self.descending = descending
        self.after = after
        self.limit = limit
    }
}

/// A part of a list that one index has in the list's order.
struct Lookup {
    /// An index and what it answers: `INDEXED BY … WHERE …`.
    var source: String
    var values: [Value] = []

    init(_ source: String, _ values: [Value] = []) {
        self.source = source
        self.values = values
    }
}

/// What every lookup asks for beside what its index answers. A plus before a column keeps SQLite from answering the condition
/// by another index, which would find the rows in another order.
struct Conditions {
    private(set) var text = ""
    private(set) var values: [Value] = []

    mutating func add(_ condition: String, _ values: Value...) {
        text += " AND \(condition)"
        self.values += values
    }

    /// Of conditions whose text is part of another's.
    mutating func take(_ values: [Value]) { self.values += values }

    /// Nothing when `allowed` is empty. One statement, however many there are.
    mutating func add(_ column: String, in allowed: some Collection<String>) {
        guard !allowed.isEmpty else { return }
        // Quoted by hand: this module has no JSON coder, and names may hold anything.
        let list = allowed.sorted().map(JSONText.quoted).joined(separator: ",")
        add("+\(column) IN (SELECT value FROM json_each(?))", .text("[\(list)]"))
    }
}

enum JSONText {
    /// RFC 8259, section 7.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Keys from one on, and before another.
struct KeySpan {
    private(set) var from: Int64?
    private(set) var before: Int64?

    mutating func narrow(from key: Int64?) {
        if let key { from = Swift.max(from ?? key, key) }
    }

    mutating func narrow(before key: Int64?) {
        if let key { before = Swift.min(before ?? key, key) }
    }
}

/// A table that is listed by a time of its rows.
struct ListQuery<Element: Sendable> {
    let table: String
    /// Where the lookups find their rows: the table, or another one joined with it.
    var source: String?
    let columns: String
    /// The column that the list is sorted by; rows of the same time are sorted by id.
    let key: String
    var id = "id"
    let position: (Element) -> ListPosition
    let read: (Row) -> Element

    /// No two of the lookups may find the same row.
    ///
    /// - Parameter span: keys that the list is narrowed to.
    func page(
        _ lookups: [Lookup], _ conditions: Conditions, in span: KeySpan, _ range: ListRange, _ connection: Connection
    ) throws(StoreError) -> ListPage<Element> {
        var (span, conditions) = (span, conditions)
        if let after = range.after {
            if range.descending { span.narrow(before: after.key &+ 1) } else { span.narrow(from: after.key) }
            conditions.add(
                "(+\(key) <> ? OR \(id) \(range.descending ? "<" : ">") ?)", .integer(after.key), .integer(after.id))
        }
        // One of each at most: of two, SQLite looks up one, and would read all that only the other leaves out.
        if let from = span.from { conditions.add("\(key) >= ?", .integer(from)) }
        if let before = span.before { conditions.add("\(key) < ?", .integer(before)) }
        let direction = range.descending ? "DESC" : "ASC"
        let tail = "\(conditions.text) ORDER BY \(key) \(direction), \(id) \(direction) LIMIT ?"
        // One more than the page holds: then it is known whether there is a next one.
        let wanted = range.limit + 1
        func rows<Found>(
            _ what: String, _ lookup: Lookup, _ limit: Int, _ read: (Row) -> Found
        ) throws(StoreError) -> [Found] {
            try connection.all(
                "SELECT \(what) FROM \(source ?? table) \(lookup.source)\(tail)",
                lookup.values + conditions.values + [.integer(Int64(limit))], read)
        }
        var found: [Element] = []
        if lookups.count == 1 {
            found = try rows(columns, lookups[0], wanted, read)
        } else {
            // Of most of what several find, no more than its place is needed.
            let places = try Self.merged(lookups, wanted, descending: range.descending) {
                lookup, limit throws(StoreError) in
                try rows("\(key), \(id)", lookup, limit) { ListPosition(key: $0.integer(0), id: $0.integer(1)) }
            }
            for place in places {
                let row = try connection.first(
                    "SELECT \(columns) FROM \(table) WHERE id = ?", .integer(place.id), read: read)
                if let row { found.append(row) }
            }
        }
        let items = Array(found.prefix(range.limit))
        return ListPage(items: items, next: found.count > range.limit ? items.last.map(position) : nil)
    }

    /// The first of all that the lookups find. Each is asked for little more than its share at first, and for all only if
    /// more of it may be among them.
    private static func merged(
        _ lookups: [Lookup], _ wanted: Int, descending: Bool,
        _ find: (Lookup, Int) throws(StoreError) -> [ListPosition]
    ) throws(StoreError) -> [ListPosition] {
        let share = min(wanted, max(8, 2 * wanted / max(1, lookups.count)))
        var parts: [[ListPosition]] = []
        for lookup in lookups { parts.append(try find(lookup, share)) }
        func first() -> [ListPosition] {
            Array(parts.joined().sorted { descending ? $0.isAfter($1) : $1.isAfter($0) }.prefix(wanted))
        }
        let known = first()
        for (index, lookup) in lookups.enumerated() where parts[index].count == share && share < wanted {
            guard let last = parts[index].last else { continue }
            if known.count == wanted, let end = known.last, last != end,
                descending ? end.isAfter(last) : last.isAfter(end)
            {
                continue
            }
            parts[index] = try find(lookup, wanted)
        }
        return first()
    }
}

extension ListPosition {
    fileprivate func isAfter(_ other: ListPosition) -> Bool { (key, id) > (other.key, other.id) }
}

extension Connection {
    /// The different values that an index has in a column, in order: a jump from one to the next, whatever lies between.
    ///
    /// - Parameter lookup: what the index's columns before that one are.
    func distinct(_ column: String, in table: String, _ lookup: Lookup) throws(StoreError) -> [String] {
        var values: [String] = []
        var last = ""
        while let next = try all(
            "SELECT \(column) FROM \(table) \(lookup.source) AND \(column) > ? ORDER BY \(column) LIMIT 1",
            lookup.values + [.text(last)], { $0.text(0) }
        ).first {
            values.append(next)
            last = next
        }
        return values
    }
}
