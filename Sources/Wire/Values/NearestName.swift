/// The known name that a typing mistake most likely stands for: it begins with what was written,
/// or lies within a third of its length by optimal string alignment distance.
package func nearest(to written: String, among known: [String]) -> String? {
    guard !written.isEmpty, written.utf8.count <= 64 else { return nil }
    let word = Array(written.lowercased().unicodeScalars)
    let ranked = known.map { name -> (name: String, distance: Int) in
        let target = Array(name.lowercased().unicodeScalars)
        if word.count >= 3, target.starts(with: word) { return (name, 1) }
        return (name, alignmentDistance(word, target))
    }
    guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
    return best.distance <= max(1, (best.name.unicodeScalars.count + 1) / 3) ? best.name : nil
}

/// Insertions, deletions, replacements and swaps of neighbours that make one of the other.
private func alignmentDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
            var best = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}
