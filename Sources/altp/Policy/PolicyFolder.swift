import Command
import Configuration
import Glibc

/// Finds policies: those of a host folder by their names, others by their files.
struct PolicyFolder: OptionGroup {
    @Option(
        "config", placeholder: "DIR",
        help: "The host folder whose policies, rootfs and mount_roots hold; /etc/altp unless given.")
    var folder: String?

    private var path: String { folder ?? "/etc/altp" }

    var images: HostImages { HostImages(folder: folder) }

    /// The policy that a name or a file means; `default` and `strict` are built in unless the folder has them.
    func policy(_ name: String) throws -> Policy {
        do throws(ConfigurationProblems) {
            let sources = try sources()
            if name.hasSuffix(".yaml") || name.contains("/") { return try Policy.load(file: name, sources: sources) }
            let file = "\(path)/policies/\(name).yaml"
            if access(file, F_OK) == 0 { return try Policy.load(file: file, sources: sources) }
            if let builtIn = Self.builtIn.first(where: { $0.name == name }) { return builtIn }
        } catch {
            throw CommandFailure(error.description)
        }
        throw CommandFailure(
            "there is no policy \(Printable.line(name)) in \(Printable.line(path))/policies, and none is built in. "
                + "altp policy list shows what there is.")
    }

    /// Where a policy's mounts may come from: as the folder's altp.yaml says, where there is one.
    func sources() throws(ConfigurationProblems) -> MountSources {
        if folder == nil, access("\(path)/altp.yaml", F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
            return MountSources()
        }
        return MountSources(try HostConfiguration.load(folder: path))
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
