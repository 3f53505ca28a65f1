import Glibc

/// What a configuration folder says, as far as it can be understood.
package struct LenientHostFolder: Sendable {
    /// The Tasks here are those whose files are good, and altp.yaml and the policies and rootfs that they rely on too.
    package var folder: HostFolder
    /// By Task that has a file and cannot be made of it: what is wrong with the file, or with one that it relies on.
    package var brokenTasks: [String: [Diagnostic]]
    /// All that is wrong, in whichever file.
    package var problems: [Diagnostic]
    /// Those whose files are broken.
    package var brokenWebhooks: Set<String>
    /// Whether a Task that is neither in `folder` nor in `brokenTasks` has no file any more. False where the folder has no
    /// altp.yaml or its `tasks/` cannot be listed, as when its file system is not mounted: then nothing is known of it.
    package var absenceIsCertain: Bool
}

extension HostFolder {
    /// Reads a folder; throws all that is wrong with it.
    package static func load(_ path: String) throws(ConfigurationProblems) -> HostFolder {
        let lenient = loadLeniently(path)
        guard lenient.problems.isEmpty else { throw ConfigurationProblems(lenient.problems) }
        return lenient.folder
    }

    /// Reads of a folder what can be read.
    package static func loadLeniently(_ path: String) -> LenientHostFolder {
        var loader = HostFolderLoader(path: path)
        return loader.load()
    }
}

extension HostConfiguration {
    /// Reads the altp.yaml of a folder, and nothing else of it.
    package static func load(folder: String) throws(ConfigurationProblems) -> HostConfiguration {
        let findings = Findings(file: "altp.yaml")
        let root = try YAMLReader.read(
            try ConfigurationFile.read("\(folder)/altp.yaml", shownAs: "altp.yaml"), file: "altp.yaml")
        var host = HostConfiguration()
        _ = HostReader(findings: findings).read(root, into: &host)
        guard findings.isEmpty else { throw ConfigurationProblems(findings.diagnostics) }
        return host
    }
}

extension Policy {
    /// Reads a policy file that belongs to no folder; its name is the file's.
    ///
    /// - Parameter sources: where its mounts may come from.
    package static func load(
        file path: String, sources: MountSources = MountSources()
    ) throws(ConfigurationProblems) -> Policy {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let base = parts.last.map(String.init) ?? path
        let name = base.hasSuffix(".yaml") ? String(base.dropLast(5)) : base
        let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
        let findings = Findings(file: path)
        let root = try YAMLReader.read(try ConfigurationFile.read(path, shownAs: path), file: path)
        let reader = PolicyReader(findings: findings, folder: folder.isEmpty ? "/" : folder, sources: sources)
        let policy = reader.policy(root, name: name)
        guard findings.isEmpty else { throw ConfigurationProblems(findings.diagnostics) }
        return policy
    }
}

/// Reads the files of one folder.
private struct HostFolderLoader {
    let path: String
    var problems: [Diagnostic] = []
    /// Sub-folders that could not be listed, and why.
    var unlisted: [String: [Diagnostic]] = [:]

    init(path: String) { self.path = path }

    mutating func load() -> LenientHostFolder {
        let (host, hostProblems, poolsAreKnown) = host()
        let policyFolder = "\(path)/policies"
        let sources = MountSources(host)
        let rootfs = files(in: "rootfs") { root, name, findings in
            RootfsReader(findings: findings).rootfs(root, name: name)
        }
        let rootfsUnlisted = unlisted["rootfs"]
        let policies = files(in: "policies") { root, name, findings in
            let policy = PolicyReader(findings: findings, folder: policyFolder, sources: sources)
                .policy(root, name: name)
            if let problems = rootfs.broken[policy.rootfs] ?? rootfsUnlisted, policy.rootfs != "host" {
                findings.inherit(problems)
            } else if policy.rootfs != "host", rootfs.good[policy.rootfs] == nil {
                let known = rootfs.good.keys + ["host"]
                findings.report(
                    root?.value(of: "rootfs") ?? root ?? YAMLNode(content: .mapping([]), line: 1, column: 1),
                    "rootfs: there is no rootfs/\(policy.rootfs).yaml\(Suggestion.text(for: policy.rootfs, among: known))"
                )
            }
            return policy
        }
        var known = policies.good
        if known["default"] == nil, policies.broken["default"] == nil { known["default"] = Policy(name: "default") }
        let policiesUnlisted = unlisted["policies"] ?? []
        let tasks = files(in: "tasks") { root, name, findings -> TaskDefinition? in
            findings.inherit(hostProblems + policiesUnlisted)
            guard policiesUnlisted.isEmpty else { return nil }
            return TaskReader(
                findings: findings, host: host, poolsAreKnown: poolsAreKnown, policies: known,
                brokenPolicies: policies.broken
            ).task(root, name: name)
        }
        if unlisted["tasks"] == nil {
            let names = Set(tasks.good.keys).union(tasks.broken.keys)
            for target in host.notify {
                for name in (target.tasks ?? []).subtracting(names).sorted() {
                    problems.append(
                        Diagnostic(
                            file: "altp.yaml",
                            message: "notify: \(target.name): there is no tasks/\(name).yaml"
                                + Suggestion.text(for: name, among: names)))
                }
            }
        }
        let webhooks = files(in: "webhooks") { root, name, findings in
            WebhookReader(findings: findings).webhook(root, name: name)
        }
        let folder = HostFolder(
            path: path, host: host, tasks: tasks.good, policies: known, rootfs: rootfs.good, webhooks: webhooks.good)
        return LenientHostFolder(
            folder: folder, brokenTasks: tasks.broken, problems: ConfigurationProblems(problems).diagnostics,
            brokenWebhooks: Set(webhooks.broken.keys), absenceIsCertain: isHostFolder && unlisted["tasks"] == nil)
    }

    private var isHostFolder: Bool { access("\(path)/altp.yaml", F_OK) == 0 }

    private mutating func host() -> (HostConfiguration, problems: [Diagnostic], poolsAreKnown: Bool) {
        let findings = Findings(file: "altp.yaml")
        // Only what is certainly absent: one that cannot be reached has its own reason, which reading it gives.
        if access("\(path)/altp.yaml", F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
            findings.report("\(path) is no host folder: it has no altp.yaml; altp init DIR writes one")
            problems += findings.diagnostics
            return (HostConfiguration(), findings.diagnostics, poolsAreKnown: false)
        }
        let reader = HostReader(findings: findings, checksFiles: true)
        let root = read("altp.yaml", findings)
        var host = HostConfiguration()
        let poolsAreKnown = findings.isEmpty && reader.read(root, into: &host)
        problems += findings.diagnostics
        return (host, findings.diagnostics, poolsAreKnown)
    }

    private func read(_ name: String, _ findings: Findings) -> YAMLNode? {
        do throws(ConfigurationProblems) {
            return try YAMLReader.read(try ConfigurationFile.read("\(path)/\(name)", shownAs: name), file: name)
        } catch {
            findings.add(error)
            return nil
        }
    }

    /// Reads every `NAME.yaml` of a sub-folder, which may be absent.
    private mutating func files<Value>(
        in folder: String, _ body: (YAMLNode?, String, Findings) -> Value?
    ) -> (good: [String: Value], broken: [String: [Diagnostic]]) {
        var good: [String: Value] = [:]
        var broken: [String: [Diagnostic]] = [:]
        let entries: [String]
        do throws(ConfigurationProblems) {
            entries = try ConfigurationFile.entries("\(path)/\(folder)", shownAs: folder)
        } catch {
            problems += error.diagnostics
            unlisted[folder] = error.diagnostics
            return ([:], [:])
        }
        for entry in entries {
            let file = "\(folder)/\(entry)"
            if entry.hasSuffix(".yml") {
                problems.append(Diagnostic(file: file, message: "is not read: rename it to end with .yaml"))
            }
            guard entry.hasSuffix(".yaml"), !entry.hasPrefix(".") else { continue }
            let name = String(entry.dropLast(5))
            let findings = Findings(file: file)
            guard Names.isValid(name) else {
                problems.append(Diagnostic(file: file, message: "\(name.quoted) is no name: \(Names.rule)"))
                continue
            }
            let root = read(file, findings)
            // What is no YAML has been reported; reading on would only repeat it.
            let value = findings.isEmpty ? body(root, name, findings) : nil
            problems += findings.diagnostics
            if let value, findings.isEmpty, findings.inherited.isEmpty {
                good[name] = value
            } else {
                broken[name] = findings.diagnostics + findings.inherited
            }
        }
        return (good, broken)
    }
}

extension YAMLNode {
    /// The value of a key, when this is a mapping that has it.
    fileprivate func value(of key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key.text == key }?.value
    }
}

/// Files as the administrator wrote them.
package enum ConfigurationFile {
    /// - Parameter name: what diagnostics call it.
    package static func read(_ path: String, shownAs name: String) throws(ConfigurationProblems) -> [UInt8] {
        func failure(_ call: String) -> ConfigurationProblems {
            ConfigurationProblems([Diagnostic(file: name, message: "\(call): \(String(cString: strerror(errno)))")])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        // A pipe without a writer reads as an empty file, and an empty policy is one with every default.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationProblems([Diagnostic(file: name, message: "is no regular file")])
        }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while content.count <= YAMLReader.largestFile {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress!, $0.count) }
            guard count >= 0 else { throw failure("read") }
            if count == 0 { break }
            content.append(contentsOf: chunk[..<count])
        }
        return content
    }

    /// The path from the root on: what is kept of it must hold in another working directory too.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }

    /// The names in a folder, in order; none when there is no such folder.
    static func entries(_ path: String, shownAs name: String) throws(ConfigurationProblems) -> [String] {
        func failure(_ call: String) -> ConfigurationProblems {
            ConfigurationProblems([Diagnostic(file: name, message: "\(call): \(String(cString: strerror(errno)))")])
        }
        guard let stream = opendir(path) else {
            if errno == ENOENT { return [] }
            throw failure("opendir")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let item = readdir(stream) else {
                if errno != 0 { throw failure("readdir") }
                break
            }
            names.append(
                withUnsafePointer(to: &item.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.sorted()
    }
}
