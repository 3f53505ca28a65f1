/// The nearest of some names to one that is not among them.
enum Suggestion {
    /// `; did you mean "memory"?`, or nothing when none is near.
    static func text(for name: String, among names: some Collection<String>) -> String {
        let near = names.map { (distance($0, name), $0) }.min { $0 < $1 }
        guard let near, near.0 <= max(1, min(name.count, near.1.count) / 3) else { return "" }
        return "; did you mean \"\(near.1)\"?"
    }

    /// Levenshtein's, with a swap of neighbours as one step.
    static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left)
        let b = Array(right)
        guard a.count < 100, b.count < 100 else { return .max }
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
