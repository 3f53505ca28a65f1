/// Reads altp.yaml.
struct HostReader {
    let findings: Findings
    var checksFiles = false

    private static let keys = [
        "state", "run", "keep_free", "cpu", "memory", "disk", "pools", "uids", "cgroup", "mount_roots", "api", "log",
        "keep_changes", "notify",
    ]

    private static let largestPool = 1_000_000

    /// Reads altp.yaml over the defaults.
    ///
    /// - Returns: whether all that it says of pools was understood.
    func read(_ root: YAMLNode?, into host: inout HostConfiguration) -> Bool {
        // An empty altp.yaml is a host with every default.
        guard let root, !root.isNull else { return true }
        guard let reader = MappingReader(root, "a host", keys: Self.keys, findings) else { return false }
        host.state = reader.folder("state") ?? host.state
        host.run = reader.folder("run") ?? host.run
        host.cpu = reader.number("cpu", above: 0, upTo: 4096)
        host.memory = reader.size("memory", atLeast: 1 << 20)
        host.disk = reader.size("disk", atLeast: 1 << 20)
        host.keepFree = reader.freeSpace("keep_free") ?? host.keepFree
        let before = findings.diagnostics.count
        for (key, value) in reader.texts("pools", "a mapping of pools to numbers") ?? [] {
            let name = key.text ?? ""
            if !Names.isValid(name) { findings.report(key, "pools: \(name.quoted) is no name: \(Names.rule)") }
            guard let size = value.text.flatMap(Numbers.whole), (1...Self.largestPool).contains(size) else {
                findings.report(
                    value, "pools: \(name): expected a whole number from 1 to \(Self.largestPool); got \(value.kind)")
                continue
            }
            host.pools[name] = size
        }
        let poolsAreKnown = findings.diagnostics.count == before
        if let uids = reader.collection("uids"),
            let range = MappingReader(uids, "uids", keys: ["first", "blocks"], findings)
        {
            host.uids.first = range.integer("first", 65_536...4_000_000_000).map { UInt32($0) } ?? host.uids.first
            host.uids.blocks = range.integer("blocks", 1...60_000).map { UInt32($0) } ?? host.uids.blocks
            let end = Int64(host.uids.first) + Int64(host.uids.blocks) * Int64(UIDRange.blockSize)
            if end > Int64(UInt32.max) {
                findings.report(uids, "uids: the range ends at \(end), beyond the greatest uid \(UInt32.max - 1)")
            }
        }
        if let value = reader.value("cgroup"), let name = reader.string("cgroup") {
            if Names.isValid(name) {
                host.cgroup = name
            } else {
                findings.report(value, "cgroup: \(name.quoted) is no name: \(Names.rule)")
            }
        }
        host.mountRoots = mountRoots(reader)
        if let api = reader.collection("api") {
            host.api = APIReader(findings: findings, checksFiles: checksFiles).api(api)
        }
        if let log = reader.collection("log"),
            let reader = MappingReader(log, "log", keys: ["format", "level"], findings)
        {
            host.log.format = reader.choice("format") ?? host.log.format
            host.log.level = reader.choice("level") ?? host.log.level
        }
        host.notify = NotificationReader(findings: findings).targets(reader)
        host.keepChanges = reader.integer("keep_changes", 1000...10_000_000) ?? host.keepChanges
        return poolsAreKnown
    }

    private func mountRoots(_ reader: MappingReader) -> [String]? {
        guard reader.has("mount_roots") else { return nil }
        guard let items = reader.list("mount_roots", "a list of folders such as [/srv, /data]") else {
            if let value = reader.value("mount_roots"), value.isNull {
                findings.report(value, "mount_roots: expected a list of folders such as [/srv, /data]; got nothing")
            }
            return []
        }
        return items.compactMap { item in
            if let path = item.text, Names.isNormalPath(path) { return path }
            findings.report(item, "mount_roots: expected an absolute path without . and ..; got \(item.kind)")
            return nil
        }
    }
}
