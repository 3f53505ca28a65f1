/// One finding in a configuration file, printed as `FILE:LINE:COLUMN: MESSAGE`.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1; 0 when the finding is about the file as a whole.
    package var line: Int
    package var column: Int
    package var message: String

    /// What of the file's own text or name would act on a terminal, or break the line, is shown escaped.
    package init(file: String, line: Int = 0, column: Int = 0, message: String) {
        self.file = file.withoutHazards
        self.line = line
        self.column = column
        self.message = message.withoutHazards
    }

    package var description: String { line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)" }
}
