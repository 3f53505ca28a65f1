extension PlanStep {
    /// The step as the fields of its line; the first is its name.
    package var fields: [String] {
        switch self {
        case .watch(let file, let path): ["watch", file.rawValue, path]
        case .join(let version, let path): ["join", version.rawValue, path]
        case .watchOutOfMemory(let path): ["watch-oom", path]
        case .mountImage(let image, let directory): ["image", image, directory]
        case .mountImageReadOnly(let image, let directory): ["image", image, directory, "ro"]
        case .ownedDirectory(let path, let owner): ["owned-dir", path, "\(owner)"]
        case .watchDisk(let path): ["watch-disk", path]
        case .watchQuota(let project): ["watch-quota", "\(project)"]
        case .makeNetwork: ["net"]
        case .startNetwork(let arguments): ["net-start"] + arguments
        case .filterNetwork(let program, let rules): ["net-filter", program, rules]
        case .awaitNetwork(let interface, let address, let gateway): ["net-await", interface, address, gateway]
        case .makeRoot(let directory): ["root", directory]
        case .makeOverlayRoot(let directory, let layers, let map):
            ["overlay-root", directory, map.field] + layers.fields
        case .directory(let path, let mode): ["dir", path, octal(mode)]
        case .symlink(let path, let target): ["symlink", path, target]
        case .file(let path, let mode, let content): ["file", path, octal(mode), content]
        case .device(let path, let major, let minor): ["device", path, "\(major)", "\(minor)"]
        case .ownedDevice(let path, let kind, let major, let minor, let owner):
            ["device", path, "\(major)", "\(minor)", kind.rawValue, "\(owner)"]
        case .bind(let source, let target, let flags, nil): ["bind", source, target, flags.field]
        case .bind(let source, let target, let flags, let map?):
            ["bind", source, target, flags.field, map.field]
        case .overlay(let path, let layers): ["overlay", path] + layers.fields
        case .tmpfs(let path, let mode, let size, let inodes): ["tmpfs", path, octal(mode), "\(size)", "\(inodes)"]
        case .events(let path, let owner, let limit): ["events", path, "\(owner)", "\(limit)"]
        case .deviceFolder(let path): ["devices", path]
        case .devpts(let path): ["devpts", path]
        case .proc(let path): ["proc", path]
        case .mask(let path): ["mask", path]
        case .readOnly(let path): ["read-only", path]
        case .lend(let source, let target): ["lend", source, target]
        case .endGroup(let path): ["end-group", path]
        case .joinMounts: ["join-mounts"]
        case .enterRoot: ["enter-root"]
        }
    }

    /// Reads what `fields` gives; nil for anything else.
    package init?(fields: [String]) {
        switch (fields.first, fields.count) {
        case ("watch", 3):
            guard let file = CgroupFile(rawValue: fields[1]) else { return nil }
            self = .watch(file, path: fields[2])
        case ("join", 3):
            guard let version = CgroupVersion(rawValue: fields[1]) else { return nil }
            self = .join(version, path: fields[2])
        case ("watch-oom", 2): self = .watchOutOfMemory(path: fields[1])
        case ("image", 3): self = .mountImage(image: fields[1], directory: fields[2])
        case ("image", 4) where fields[3] == "ro":
            self = .mountImageReadOnly(image: fields[1], directory: fields[2])
        case ("owned-dir", 3):
            guard let owner = UInt32(fields[2]) else { return nil }
            self = .ownedDirectory(path: fields[1], owner: owner)
        case ("watch-disk", 2): self = .watchDisk(path: fields[1])
        case ("watch-quota", 2):
            guard let project = UInt32(fields[1]) else { return nil }
            self = .watchQuota(project: project)
        case ("net", 1): self = .makeNetwork
        case ("net-start", 2...): self = .startNetwork(arguments: Array(fields.dropFirst()))
        case ("net-filter", 3): self = .filterNetwork(program: fields[1], rules: fields[2])
        case ("net-await", 4):
            self = .awaitNetwork(interface: fields[1], address: fields[2], gateway: fields[3])
        case ("root", 2): self = .makeRoot(directory: fields[1])
        case ("overlay-root", 6...7):
            guard let map = IdentityMap(field: fields[2]) else { return nil }
            self = .makeOverlayRoot(directory: fields[1], layers: OverlayLayers(fields: fields[3...]), map: map)
        case ("overlay", 5...6): self = .overlay(path: fields[1], layers: OverlayLayers(fields: fields[2...]))
        case ("dir", 3):
            guard let mode = UInt32(fields[2], radix: 8) else { return nil }
            self = .directory(path: fields[1], mode: mode)
        case ("symlink", 3): self = .symlink(path: fields[1], target: fields[2])
        case ("file", 4):
            guard let mode = UInt32(fields[2], radix: 8) else { return nil }
            self = .file(path: fields[1], mode: mode, content: fields[3])
        case ("device", 4):
            guard let major = UInt32(fields[2]), let minor = UInt32(fields[3]) else { return nil }
            self = .device(path: fields[1], major: major, minor: minor)
        case ("device", 6):
            guard let major = UInt32(fields[2]), let minor = UInt32(fields[3]),
                let kind = DeviceKind(rawValue: fields[4]),
                let owner = UInt32(fields[5])
            else { return nil }
            self = .ownedDevice(path: fields[1], kind: kind, major: major, minor: minor, owner: owner)
        case ("bind", 4), ("bind", 5):
            guard let flags = MountFlags(field: fields[3]) else { return nil }
            var map: IdentityMap?
            if fields.count == 5 {
                guard let given = IdentityMap(field: fields[4]) else { return nil }
                map = given
            }
            self = .bind(source: fields[1], target: fields[2], flags: flags, map: map)
        case ("tmpfs", 5):
            guard let mode = UInt32(fields[2], radix: 8), let size = UInt64(fields[3]), let inodes = UInt64(fields[4])
            else { return nil }
            self = .tmpfs(path: fields[1], mode: mode, size: size, inodes: inodes)
        case ("events", 4):
            guard let owner = UInt32(fields[2]), let limit = UInt64(fields[3]) else { return nil }
            self = .events(path: fields[1], owner: owner, limit: limit)
        case ("devices", 2): self = .deviceFolder(path: fields[1])
        case ("devpts", 2): self = .devpts(path: fields[1])
        case ("proc", 2): self = .proc(path: fields[1])
        case ("mask", 2): self = .mask(path: fields[1])
        case ("read-only", 2): self = .readOnly(path: fields[1])
        case ("lend", 3): self = .lend(source: fields[1], target: fields[2])
        case ("end-group", 2): self = .endGroup(path: fields[1])
        case ("join-mounts", 1): self = .joinMounts
        case ("enter-root", 1): self = .enterRoot
        default: return nil
        }
    }

    private func octal(_ mode: UInt32) -> String { String(mode, radix: 8) }
}

extension OverlayLayers {
    fileprivate var fields: [String] { [lower, upper, work] + (middle.map { [$0] } ?? []) }

    /// Three or four of them.
    fileprivate init(fields: ArraySlice<String>) {
        let fields = Array(fields)
        self.init(
            lower: fields[0], upper: fields[1], work: fields[2], middle: fields.count > 3 ? fields[3] : nil)
    }
}

extension MountFlags {
    /// The flags' names joined by commas; `-` for none.
    fileprivate var field: String {
        let set = Self.names.filter { contains($0.0) }.map(\.1)
        return set.isEmpty ? "-" : set.joined(separator: ",")
    }

    fileprivate init?(field: String) {
        self = []
        guard field != "-" else { return }
        for name in field.split(separator: ",") {
            guard let flag = Self.names.first(where: { $0.1 == name })?.0 else { return nil }
            insert(flag)
        }
    }
}

extension IdentityMap {
    /// `u33:1000:1,g33:1000:1`: kind, first id on disk, first id seen, how many.
    fileprivate var field: String {
        (uids.map { "u\($0.field)" } + gids.map { "g\($0.field)" }).joined(separator: ",")
    }

    fileprivate init?(field: String) {
        self.init(uids: [], gids: [])
        for item in field.split(separator: ",") {
            let numbers = item.dropFirst().split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
            guard numbers.count == 3, let onDisk = numbers[0], let seen = numbers[1], let count = numbers[2] else {
                return nil
            }
            let range = Range(onDisk: onDisk, seen: seen, count: count)
            switch item.first {
            case "u": uids.append(range)
            case "g": gids.append(range)
            default: return nil
            }
        }
    }
}

extension IdentityMap.Range {
    fileprivate var field: String { "\(onDisk):\(seen):\(count)" }
}
