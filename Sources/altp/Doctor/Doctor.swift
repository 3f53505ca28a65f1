import Command
import FoundationEssentials
import Glibc

/// `altp doctor`: what the host can do, and how to mend what it can't.
struct Doctor: Verb {
    static let name = "doctor"
    static let summary = "Say what this host can do, and how to mend what it can't"
    static let discussion = """
        Each line passes, is a caution or a failure; what does not pass comes with its remedy. The last line is a sandbox
        that is really made. The status is 1 when something fails.
        """
    static let examples = [
        Example("altp doctor", "Before the first Task."), Example("altp doctor --json", "For a script."),
    ]

    @Flag("json", help: "Print the findings as JSON.") var json: Bool

    func run(in context: Context) throws {
        let findings = Examination().findings()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try context.output.print(String(decoding: try encoder.encode(findings), as: UTF8.self))
        } else {
            let width = findings.map(\.name.count).max() ?? 0
            for finding in findings {
                let padding = String(repeating: " ", count: width - finding.name.count)
                let verdict = finding.verdict.rawValue + (finding.verdict == .caution ? "" : "   ")
                try context.output.print("\(verdict)  \(finding.name)\(padding)  \(finding.detail)")
                if let remedy = finding.remedy { try context.output.print("         → \(remedy)") }
            }
        }
        if findings.contains(where: { $0.verdict == .fail }) { throw ExitStatus.failure }
    }
}
