import Glibc

/// Reads a policy file.
struct PolicyReader {
    let findings: Findings
    /// The folder of the policy file, to which a seccomp profile's path is relative.
    let folder: String
    var sources = MountSources()

    private static let keys = [
        "description", "rootfs", "limits", "network", "seccomp", "capabilities", "devices", "mounts", "control",
    ]
    private static let limitKeys = [
        "cpu", "cpu_time", "memory", "swap", "pids", "disk", "inodes", "open_files", "io_read",
        "io_write", "io_read_ops", "io_write_ops", "log", "wall_time", "wall_time_max", "grace",
    ]

    /// Where every sandbox has something of its own.
    private static let reservedTargets = [
        "/scratch", "/processing", "/scripts", "/run", "/proc", "/dev", "/sys", "/tmp", "/usr", "/etc", "/bin", "/sbin",
        "/lib", "/lib32", "/lib64", "/libx32", "/var/tmp",
    ]

    func policy(_ root: YAMLNode?, name: String) -> Policy {
        var policy = Policy(name: name)
        if let root { read(root, into: &policy) }
        return policy
    }

    /// Reads over what the policy says already: values are replaced, items of lists added.
    func read(_ root: YAMLNode, into policy: inout Policy) {
        guard let reader = MappingReader(root, "a policy", keys: Self.keys, findings) else { return }
        policy.description = reader.string("description") ?? policy.description
        policy.rootfs = reader.string("rootfs") ?? policy.rootfs
        if let limits = reader.collection("limits") { policy.limits = self.limits(limits, over: policy.limits) }
        if let network = reader.value("network") {
            policy.network = NetworkReader(findings: findings).access(network)
        }
        if let seccomp = reader.value("seccomp") { policy.seccomp = self.seccomp(seccomp) }
        let grants = GrantReader(findings: findings)
        if let items = reader.list("capabilities", "a list of capabilities such as [CAP_CHOWN]") {
            policy.capabilities = grants.capabilities(items, beside: policy.capabilities)
        }
        if let items = reader.list("devices", "a list of devices such as [/dev/fuse]"), !items.isEmpty {
            policy.devices = grants.devices(items, beside: policy.devices ?? [])
        }
        for mount in reader.list("mounts", "a list of mounts") ?? [] {
            guard let mount = self.mount(mount, after: policy.mounts) else { continue }
            policy.mounts.append(mount)
        }
        policy.control = reader.choice("control") ?? policy.control
    }

    func overrides(_ node: YAMLNode) -> LimitOverrides {
        var limits = LimitOverrides()
        guard let reader = MappingReader(node, "limits", keys: Self.limitKeys, findings) else { return limits }
        limits.cpu = reader.number("cpu", above: 0, upTo: 4096)
        limits.cpuTime = reader.timespan("cpu_time", atLeast: 1)
        limits.memory = reader.size("memory", atLeast: 1 << 20)
        limits.swap = reader.size("swap")
        limits.pids = reader.integer("pids", 1...4_194_304)
        limits.disk = reader.size("disk", atLeast: 64 << 10)
        limits.inodes = reader.integer("inodes", 16...1_000_000_000)
        limits.openFiles = reader.integer("open_files", 16...1_048_576)
        limits.ioRead = reader.size("io_read", atLeast: 4096)
        limits.ioWrite = reader.size("io_write", atLeast: 4096)
        limits.ioReadOps = reader.integer("io_read_ops", 1...1_000_000_000)
        limits.ioWriteOps = reader.integer("io_write_ops", 1...1_000_000_000)
        limits.log = reader.size("log", atLeast: 4096)
        limits.wallTime = reader.timespan("wall_time", atLeast: 1)
        limits.wallTimeMax = reader.timespan("wall_time_max", atLeast: 1)
        limits.grace = reader.timespan("grace")
        return limits
    }

    /// The limits with what the node says over them.
    func limits(_ node: YAMLNode, over given: Limits) -> Limits {
        let overrides = overrides(node)
        var result = overrides.applied(to: given)
        guard let most = result.wallTimeMax, most < result.wallTime else { return result }
        if overrides.wallTimeMax != nil, case .mapping(let entries) = node.content {
            let place = entries.first { $0.key.text == "wall_time_max" }?.value ?? node
            findings.report(place, "wall_time_max: \(most) is less than the wall_time, which is \(result.wallTime)")
        }
        // A Script that is given more from the start by its own limits has no less than that.
        result.wallTimeMax = result.wallTime
        return result
    }

    private func seccomp(_ node: YAMLNode) -> SeccompChoice {
        switch node.text {
        case "default": return .default
        case "strict": return .strict
        case "none": return .none
        case let text? where text.hasSuffix(".json"):
            let path = ConfigurationFile.absolute(text.hasPrefix("/") ? text : "\(folder)/\(text)")
            var status = stat()
            if access(path, R_OK) != 0 || stat(path, &status) != 0 {
                findings.report(node, "seccomp: open \(text): \(String(cString: strerror(errno)))")
            } else if status.st_mode & S_IFMT != S_IFREG {
                findings.report(node, "seccomp: \(text) is no regular file")
            }
            return .file(path)
        default:
            findings.report(node, "seccomp: expected default, strict, none or a FILE.json; got \(node.kind)")
            return .default
        }
    }

    /// - Parameter earlier: the mounts before this one, which it must not hide: they are made in the order of the file.
    private func mount(_ node: YAMLNode, after earlier: [Mount]) -> Mount? {
        let keys = ["source", "target", "mode", "owner"]
        guard let reader = MappingReader(node, "a mount", keys: keys, findings) else { return nil }
        reader.require("source", "the host's directory or file")
        reader.require("target", "where the sandbox sees it")
        let source = path("source", reader)
        let target = path("target", reader)
        if let target, let value = reader.value("target") {
            if let reserved = Self.reservedTargets.first(where: { target == $0 || target.hasPrefix($0 + "/") })
                ?? Self.reservedTargets.first(where: { target != "/" && $0.hasPrefix(target + "/") })
            {
                findings.report(value, "target: \(target): every sandbox has its own \(reserved); choose another place")
            } else if target == "/" {
                findings.report(value, "target: the root itself cannot be mounted over")
            } else if let hidden = earlier.first(where: { $0.target == target }) {
                findings.report(value, "target: \(target) has a mount already, of \(hidden.source)")
            } else if let hidden = earlier.first(where: { $0.target.hasPrefix(target + "/") }) {
                findings.report(
                    value, "target: \(target) hides the mount \(hidden.target) before it; put this one first")
            }
        }
        if let source, let value = reader.value("source"), let refusal = sources.refusal(of: source) {
            findings.report(value, "source: \(source) \(refusal)")
        }
        let owner = reader.string("owner")
        if let value = reader.value("owner"), owner?.isEmpty == true {
            findings.report(value, "owner: expected a user of the host; got \(value.kind)")
        }
        guard let source, let target else { return nil }
        return Mount(
            source: source, target: target, mode: reader.choice("mode") ?? .ro, owner: owner)
    }

    private func path(_ key: String, _ reader: MappingReader) -> String? {
        guard let value = reader.value(key), let path = reader.string(key) else { return nil }
        guard Names.isNormalPath(path) else {
            findings.report(value, "\(key): expected an absolute path without . and ..; got \(value.kind)")
            return nil
        }
        return path
    }
}
