extension Diagnostic {
    /// The finding, and below it its line of the file with a mark, as compilers show it.
    ///
    /// - Parameter source: the file's content; nil leaves the line out.
    package func text(source: String?) -> String {
        guard line > 0, let source else { return description }
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        guard line <= lines.count else { return description }
        let shown = lines[line - 1].prefix(200).map { $0 == "\t" ? " " : $0 }
        let text = String(shown.filter { $0.asciiValue.map { $0 >= 0x20 && $0 != 0x7f } ?? true })
        return "\(description)\n    \(text)\n    \(String(repeating: " ", count: min(column, 200) - 1))^"
    }
}
