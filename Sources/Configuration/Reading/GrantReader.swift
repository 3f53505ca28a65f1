import Glibc

/// Reads the lists of a policy that name what a Script gets beyond the usual: capabilities and devices.
struct GrantReader {
    let findings: Findings

    /// In the kernel's order, each once.
    func capabilities(_ items: [YAMLNode], beside earlier: [Capability]) -> [Capability] {
        var result: Set<Capability> = []
        for item in items {
            guard let name = item.text, !item.isNull, let capability = Capability(name: name) else {
                let known = Capability.all.map(\.description)
                var given = (item.text ?? "").uppercased()
                if !given.hasPrefix("CAP_") { given = "CAP_" + given }
                findings.report(
                    item,
                    "capabilities: expected names of capabilities(7) such as CAP_CHOWN; got \(item.kind)"
                        + Suggestion.text(for: given, among: known))
                continue
            }
            if !result.insert(capability).inserted {
                findings.report(item, "capabilities: \(capability) is given twice")
            }
        }
        return result.union(earlier).sorted()
    }

    /// Every sandbox has its own of these.
    private static let reserved = [
        "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
        "/dev/shm", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr",
    ]

    /// Paths of device nodes of the host, which are there.
    func devices(_ items: [YAMLNode], beside earlier: [String]) -> [String] {
        var result: [String] = []
        for item in items {
            guard let path = item.text, Names.isNormalPath(path), path.hasPrefix("/dev/") else {
                findings.report(item, "devices: expected paths below /dev such as /dev/fuse; got \(item.kind)")
                continue
            }
            if let own = Self.reserved.first(where: { path == $0 || path.hasPrefix($0 + "/") }) {
                findings.report(item, "devices: \(path): every sandbox has its own \(own)")
            } else if let reason = MountSources.missing(path) {
                findings.report(item, "devices: \(path) \(reason)")
            } else if !Self.isDevice(path) {
                findings.report(item, "devices: \(path) is no character or block device")
            } else if result.contains(path) {
                findings.report(item, "devices: \(path) is given twice")
            } else {
                result.append(path)
            }
        }
        return earlier + result.filter { !earlier.contains($0) }
    }

    private static func isDevice(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return [S_IFCHR, S_IFBLK].contains(status.st_mode & S_IFMT)
    }
}
