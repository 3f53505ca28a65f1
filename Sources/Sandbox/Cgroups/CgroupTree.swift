import Configuration
import Glibc
import Linux
import SandboxPlan

/// The groups of one engine: one for each attempt, below a parent of the engine's own if it has one.
struct CgroupTree: Sendable {
    let layout: CgroupLayout
    let name: String?

    /// Makes the engine's own group in every hierarchy.
    ///
    /// - Parameter name: the group's name below the starter's own (v1) or the hierarchy's root (v2); nil for an engine that
    ///   makes few sandboxes and has none: their groups are below those themselves.
    init(layout: CgroupLayout, name: String?) throws(SandboxError) {
        self.layout = layout
        self.name = name
        try makeOwnGroups()
    }

    private func makeOwnGroups() throws(SandboxError) {
        for parent in Set(layout.parents.values) {
            if layout.version == .v2 { try Self.delegate(parent) }
            guard let name else { continue }
            guard mkdir("\(parent)/\(name)", 0o755) == 0 || errno == EEXIST else {
                throw SandboxError("making the cgroup: \(SystemError("mkdir", "\(parent)/\(name)"))")
            }
            if layout.version == .v2 { try Self.delegate("\(parent)/\(name)") }
        }
    }

    /// Makes the group for pid 1 of each sandbox, beside those of the Scripts: a service manager that ends the Launcher's own
    /// group ends no sandbox, and one that ends the delegated group ends them whole.
    ///
    /// - Returns: nil on v1, where a group is one of many hierarchies.
    func makeSupervisors() throws(SandboxError) -> String? {
        guard layout.version == .v2, let parent = layout.parents[.pids] else { return nil }
        let path = "\(parent)/supervisors"
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw SandboxError("making the cgroup: \(SystemError("mkdir", path))")
        }
        return path
    }

    /// Lets the groups below have limits.
    private static func delegate(_ group: String) throws(SandboxError) {
        do throws(SystemError) {
            let enabled = try readFile("\(group)/cgroup.subtree_control").split(whereSeparator: \.isWhitespace)
            for controller in ["cpu", "memory", "pids"] where !enabled.contains(controller[...]) {
                try writeControlFile("\(group)/cgroup.subtree_control", "+\(controller)")
            }
        } catch {
            throw SandboxError(
                "enabling controllers for the groups below \(group): \(error). Processes in that group itself are in the "
                    + "way (cgroups(7), \"no internal processes\"), or it is not delegated to this process")
        }
    }

    /// The directories that the group may have, each once.
    func directories(of group: String) -> [String] {
        Set(layout.parents.values).union(layout.ioParent.map { [$0] } ?? []).sorted().map {
            directory(of: group, in: $0)
        }
    }

    /// Those that do not hang on the limits.
    private func madeAlways(of group: String) -> [String] {
        Set(layout.parents.values).sorted().map { directory(of: group, in: $0) }
    }

    func directory(of group: String, in parent: String) -> String {
        name.map { "\(parent)/\($0)/\(group)" } ?? "\(parent)/altp-\(group)"
    }

    /// Makes a group with these limits and gives the steps with which pid 1 uses it.
    ///
    /// - Parameter directory: the attempt's; io limits hold for the disk that it lies on.
    func make(_ group: String, limits: Limits, at directory: String) throws(SandboxError) -> [PlanStep] {
        do throws(SystemError) {
            for path in madeAlways(of: group) { try makeDirectory(path) }
            let io = try limitIO(group, limits, at: directory)
            switch layout.version {
            case .v1: return try limitV1(group, limits) + io
            case .v2: return try limitV2(group, limits) + io
            }
        } catch {
            remove(group)
            throw SandboxError("making the cgroup of the sandbox: \(error)")
        }
    }

    func makeDirectory(_ path: String) throws(SystemError) {
        if mkdir(path, 0o755) == 0 { return }
        switch errno {
        // Another engine of the same name removed the empty parent when it ended.
        case ENOENT: try? makeOwnGroups()
        // Left by an attempt whose clean-up was cut short: nothing in it still counts.
        case EEXIST: rmdir(path)
        default: break
        }
        try check("mkdir", path) { mkdir(path, 0o755) }
    }

    private func limitV1(_ group: String, _ limits: Limits) throws(SystemError) -> [PlanStep] {
        func path(_ controller: CgroupLayout.Controller) -> String {
            directory(of: group, in: layout.parents[controller]!)
        }
        let memory = path(.memory)
        try writeControlFile("\(path(.cpu))/cpu.cfs_period_us", "100000")
        try writeControlFile("\(path(.cpu))/cpu.cfs_quota_us", "\(Int(limits.cpu * 100_000))")
        try writeControlFile("\(memory)/memory.limit_in_bytes", "\(limits.memory.bytes)")
        try writeControlFile("\(memory)/memory.memsw.limit_in_bytes", "\(limits.memory.bytes + limits.swap.bytes)")
        try writeControlFile("\(path(.pids))/pids.max", "\(limits.pids)")
        var steps: [PlanStep] = [
            .watch(.cpuUsageNanoseconds, path: "\(path(.cpuacct))/\(CgroupFile.cpuUsageNanoseconds.rawValue)"),
            .watch(.memoryPeakV1, path: "\(memory)/\(CgroupFile.memoryPeakV1.rawValue)"),
            .watch(.memoryOOMControl, path: "\(memory)/\(CgroupFile.memoryOOMControl.rawValue)"),
            .watch(.pidsEvents, path: "\(path(.pids))/\(CgroupFile.pidsEvents.rawValue)"),
            .watchOutOfMemory(path: memory),
        ]
        appendIfThere(.pidsPeak, in: path(.pids), to: &steps)
        return steps + madeAlways(of: group).map { .join(.v1, path: "\($0)/tasks") }
    }

    private func limitV2(_ group: String, _ limits: Limits) throws(SystemError) -> [PlanStep] {
        let directory = directory(of: group, in: layout.parents[.memory]!)
        try writeControlFile("\(directory)/cpu.max", "\(Int(limits.cpu * 100_000)) 100000")
        try writeControlFile("\(directory)/memory.max", "\(limits.memory.bytes)")
        if access("\(directory)/memory.swap.max", F_OK) == 0 {
            try writeControlFile("\(directory)/memory.swap.max", "\(limits.swap.bytes)")
        }
        try writeControlFile("\(directory)/memory.oom.group", "1")
        try writeControlFile("\(directory)/pids.max", "\(limits.pids)")
        var steps: [PlanStep] = [
            .watch(.cpuStat, path: "\(directory)/\(CgroupFile.cpuStat.rawValue)"),
            .watch(.memoryEvents, path: "\(directory)/\(CgroupFile.memoryEvents.rawValue)"),
            .watch(.pidsEvents, path: "\(directory)/\(CgroupFile.pidsEvents.rawValue)"),
        ]
        appendIfThere(.memoryPeak, in: directory, to: &steps)
        appendIfThere(.pidsPeak, in: directory, to: &steps)
        return steps + [.join(.v2, path: directory)]
    }

    /// Counters that only newer kernels have: without them a peak is unknown, and no limit is weaker.
    private func appendIfThere(_ file: CgroupFile, in directory: String, to steps: inout [PlanStep]) {
        let path = "\(directory)/\(file.rawValue)"
        if access(path, F_OK) == 0 { steps.append(.watch(file, path: path)) }
    }

    /// Removes a group, with what still runs in it.
    ///
    /// - Returns: what could not be removed.
    @discardableResult
    func remove(_ group: String) -> [Leftover] { CgroupRemoval.remove(directories(of: group)) }

    /// Removes the engine's own groups, unless sandboxes are still below.
    func removeAll() {
        guard let name else { return }
        for parent in Set(layout.parents.values).union(layout.ioParent.map { [$0] } ?? []) {
            rmdir("\(parent)/\(name)")
        }
    }

    /// Limits that this host's kernel cannot hold.
    func unenforceable(_ limits: Limits) -> [String] {
        var findings: [String] = []
        if layout.version == .v1 {
            let parent = layout.parents[.memory]!
            if access("\(parent)/memory.memsw.limit_in_bytes", F_OK) != 0 {
                findings.append(
                    "swap: \(limits.swap): this kernel does not account swap; boot with swapaccount=1, or switch swap off"
                )
            }
        }
        return findings
    }
}
