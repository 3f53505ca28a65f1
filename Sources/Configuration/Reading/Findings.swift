/// Collects what is wrong with one file, so that all of it is reported at once.
final class Findings {
    let file: String
    private(set) var diagnostics: [Diagnostic] = []
    /// What is wrong with other files that this one relies on. It is reported there, and yet nothing may be made of this file.
    private(set) var inherited: [Diagnostic] = []

    init(file: String) { self.file = file }

    /// Findings in one file after which no more are listed: a file that is wholly wrong needs no list of all its lines.
    static let most = 100

    /// - Parameter message: made only when it is listed.
    func report(_ node: YAMLNode, _ message: @autoclosure () -> String) {
        guard diagnostics.count < Self.most else {
            if diagnostics.count == Self.most {
                report("more than \(Self.most) problems; the rest are not listed")
            }
            return
        }
        diagnostics.append(
            Diagnostic(file: file, line: node.line, column: node.column, message: message().cut(to: 500)))
    }

    func report(_ message: String) { diagnostics.append(Diagnostic(file: file, message: message)) }

    func add(_ problems: ConfigurationProblems) { diagnostics += problems.diagnostics }

    func inherit(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics where !inherited.contains(diagnostic) { inherited.append(diagnostic) }
    }

    /// Nothing is wrong with the file itself.
    var isEmpty: Bool { diagnostics.isEmpty }
}
