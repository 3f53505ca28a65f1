import Command
import Configuration
import Sandbox

/// `altp policy list`
struct PolicyList: Verb {
    static let name = "list"
    static let summary = "List the policies that there are"
    static let examples = [Example("altp policy list --config ./host", "The folder's and the built-in ones.")]

    var policies = PolicyFolder()

    func run(in context: Context) throws {
        let all = try policies.all()
        let width = all.map(\.name.count).max() ?? 0
        for policy in all {
            let padding = String(repeating: " ", count: width - policy.name.count)
            let text = policy.description ?? ""
            try context.output.print(Printable.line("\(policy.name)\(padding)  \(text)"))
        }
    }
}

/// `altp policy show`
struct PolicyShow: Verb {
    static let name = "show"
    static let summary = "Print a policy's limits and permissions, and its seccomp filter as it holds here"
    static let discussion = """
        The filter is shown as it is on this machine: rules for other architectures, kernels or capabilities are gone.
        A profile that kills, whether a thread or a process, ends the whole sandbox, and the outcome names the call.
        """
    static let examples = [
        Example("altp policy show default", "In words."),
        Example("altp policy show ./policies/imagery.yaml --json", "Limits and the filter as an OCI profile."),
    ]

    @Argument("POLICY", help: "A policy's name, or a file.") var policy: String
    @Flag("json", help: "Print the policy, and its filter as an OCI profile.") var json: Bool
    @Option("output", short: "o", placeholder: "FORMAT", help: "How to print; json is the same as --json.")
    var format = ShowFormat.text
    @Flag("pfc", help: "Print libseccomp's pseudo code of the filter.") var pseudoCode: Bool
    var policies = PolicyFolder()

    func validate() throws(UsageError) {
        if pseudoCode, json || format == .json { throw UsageError("--pfc and --json exclude each other") }
    }

    func run(in context: Context) throws {
        let policy = try policies.policy(policy)
        do {
            let inspection = try PolicyInspection(policy)
            if json || format == .json {
                try context.output.print(try inspection.json(), terminator: "")
            } else if pseudoCode {
                guard let text = try inspection.pseudoCode() else {
                    throw CommandFailure("the policy \(Printable.line(policy.name)) has no seccomp filter.")
                }
                try context.output.print(text, terminator: "")
            } else {
                for line in inspection.lines() { try context.output.print(Printable.line(line)) }
            }
        } catch let error as SandboxError {
            throw CommandFailure(error.description)
        }
    }
}

enum ShowFormat: String, CaseIterable, ArgumentValue {
    case text
    case json
}
