// The list of Processings by their labels: one key's index gives the list's order, the others are looked up for each.

/// Labels that a Processing must have: for each key one of the values.
package struct LabelFilter: Sendable, Hashable {
    package var values: [String: Set<String>]

    package init(_ values: [String: Set<String>] = [:]) { self.values = values }

    package var isEmpty: Bool { values.isEmpty }

    /// A part of the list: what stands between `FROM` and the further conditions, and what it asks for. It is in the order
    /// of `label.processing`, and no two find the same Processing, for a key has one value.
    struct Part {
        var source: String
        var values: [Value]
    }

    var parts: [Part] {
        guard let key = values.keys.min(), let wanted = values[key] else { return [] }
        var others = ""
        var more: [Value] = []
        for (key, wanted) in values.sorted(by: { $0.key < $1.key }).dropFirst() {
            others += """
                 AND EXISTS (SELECT 1 FROM label AS other WHERE other.processing = label.processing AND other.key = ? \
                AND other.value IN (\(wanted.map { _ in "?" }.joined(separator: ", "))))
                """
            more += [.text(key)] + wanted.sorted().map(Value.text)
        }
        // CROSS JOIN keeps SQLite from beginning with the other table.
        return wanted.sorted().map { value in
            Part(
                source: """
                    label INDEXED BY label_by_value CROSS JOIN processing ON processing.id = label.processing \
                    WHERE label.key = ? AND label.value = ?\(others)
                    """, values: [.text(key), .text(value)] + more)
        }
    }
}
