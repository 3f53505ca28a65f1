import Command
import Configuration
import Glibc

/// Finds policies: those of a host folder by their names, others by their files.
struct PolicyFolder: OptionGroup {
    @Option("config", placeholder: "DIR", help: "The host folder whose policies these are; /etc/altp unless given.")
    var folder: String?

    private var path: String { folder ?? "/etc/altp" }

    /// The policy that a name or a file means; `default` and `strict` are built in unless the folder has them.
    func policy(_ name: String) throws -> Policy {
        do throws(ConfigurationProblems) {
            if name.hasSuffix(".yaml") || name.contains("/") { return try Policy.load(file: name) }
            let file = "\(path)/policies/\(name).yaml"
            if access(file, F_OK) == 0 { return try Policy.load(file: file) }
            if let builtIn = Self.builtIn.first(where: { $0.name == name }) { return builtIn }
        } catch {
            throw CommandFailure(error.description)
        }
        throw CommandFailure(
            "there is no policy \(Printable.line(name)) in \(Printable.line(path))/policies, and none is built in. "
                + "altp policy list shows what there is.")
    }

    static let builtIn = [
        Policy(name: "default", description: "Built in: what a Task without a policy gets"),
        Policy(name: "strict", description: "Built in: the default's limits, with the strict filter", seccomp: .strict),
    ]

    /// All of them in order, with what each is: the folder's policies hide built-in ones of the same name.
    func all() throws -> [Policy] {
        var policies = Dictionary(uniqueKeysWithValues: Self.builtIn.map { ($0.name, $0) })
        if access("\(path)/policies", F_OK) == 0 {
            do throws(ConfigurationProblems) {
                for (name, policy) in try HostFolder.load(path).policies { policies[name] = policy }
            } catch {
                throw CommandFailure(error.text(folder: path))
            }
        } else if let folder {
            throw CommandFailure(
                "\(Printable.line(folder)) has no folder policies: \(String(cString: strerror(errno)))")
        }
        return policies.values.sorted { $0.name < $1.name }
    }
}
