/// All that is wrong with a configuration, found in one go.
package struct ConfigurationProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// By file, then by place.
    package let diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics.sorted {
            ($0.file, $0.line, $0.column, $0.message) < ($1.file, $1.line, $1.column, $1.message)
        }
    }

    /// A line for each.
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
