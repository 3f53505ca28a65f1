import FoundationEssentials
import Glibc
import Linux
import Sandbox

/// What `altp run --report` writes: the outcome, see docs/report.md.
struct RunReport: Encodable {
    /// Goes up when a field changes its meaning or goes; new fields leave it.
    static let version = 1
    var outcome: Outcome

    private enum Key: CodingKey { case version }

    func encode(to encoder: any Encoder) throws {
        try outcome.encode(to: encoder)
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(Self.version, forKey: .version)
    }

    func write(to path: String) throws(SandboxError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        do {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try file.writeAll(Array(try encoder.encode(self)) + [10])
        } catch {
            throw SandboxError("writing the report: \(error)")
        }
    }
}
