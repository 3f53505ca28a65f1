// The list of Processings by their labels: one key's index gives the list's order, the others are looked up for each.

/// Labels that a Processing must have: for each key one of the values.
package struct LabelFilter: Sendable, Hashable {
    package var values: [String: Set<String>]

    package init(_ values: [String: Set<String>] = [:]) { self.values = values }

    package var isEmpty: Bool { values.isEmpty }

    /// Where the lookups find their rows. CROSS JOIN keeps SQLite from beginning with the other table.
    static let source = "label INDEXED BY label_by_value CROSS JOIN processing ON processing.id = label.processing"

    /// In the order of the Processings' creation. No two find the same Processing, for a key has one value.
    var lookups: [Lookup] {
        guard let first = values.keys.min(), let wanted = values[first] else { return [] }
        var rest = Conditions()
        add(to: &rest, except: first)
        return wanted.sorted().map { value in
            Lookup("WHERE label.key = ? AND label.value = ?\(rest.text)", [.text(first), .text(value)] + rest.values)
        }
    }

    /// Asks for them of each row.
    func add(to conditions: inout Conditions, except first: String? = nil) {
        for (key, wanted) in values.sorted(by: { $0.key < $1.key }) where key != first {
            let places = wanted.map { _ in "?" }.joined(separator: ", ")
            conditions.add(
                """
                EXISTS (SELECT 1 FROM label AS other WHERE other.processing = processing.id AND other.key = ? \
                AND other.value IN (\(places)))
                """)
            conditions.take([.text(key)] + wanted.sorted().map(Value.text))
        }
    }
}
