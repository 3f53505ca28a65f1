/// Collects what is wrong with one file, so that all of it is reported at once.
final class Findings {
    let file: String
    private(set) var diagnostics: [Diagnostic] = []
    /// What is wrong with other files that this one relies on. It is reported there, and yet nothing may be made of this file.
    private(set) var inherited: [Diagnostic] = []

    init(file: String) { self.file = file }

    func report(_ node: YAMLNode, _ message: String) {
        diagnostics.append(Diagnostic(file: file, line: node.line, column: node.column, message: message))
    }

    func report(_ message: String) { diagnostics.append(Diagnostic(file: file, message: message)) }

    func add(_ problems: ConfigurationProblems) { diagnostics += problems.diagnostics }

    func inherit(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics where !inherited.contains(diagnostic) { inherited.append(diagnostic) }
    }

    /// Nothing is wrong with the file itself.
    var isEmpty: Bool { diagnostics.isEmpty }
}
