/// Collects what is wrong with one file, so that all of it is reported at once.
final class Findings {
    let file: String
    private(set) var diagnostics: [Diagnostic] = []

    init(file: String) { self.file = file }

    func report(_ node: YAMLNode, _ message: String) {
        diagnostics.append(Diagnostic(file: file, line: node.line, column: node.column, message: message))
    }

    func report(_ message: String) { diagnostics.append(Diagnostic(file: file, message: message)) }

    func add(_ problems: ConfigurationProblems) { diagnostics += problems.diagnostics }

    var isEmpty: Bool { diagnostics.isEmpty }
}
