import CLinux
import Configuration
import Glibc
import Linux
import SandboxPlan

/// Limits of bytes and operations a second, on the disk that the sandbox's directories lie on.
extension CgroupTree {
    /// What of the io limits this host cannot hold, a sentence each.
    ///
    /// - Parameter folder: below which the sandboxes' directories lie.
    func unenforceableIO(_ limits: Limits, in folder: String) -> [String] {
        let named = limits.io.map(\.name)
        guard let first = named.first else { return [] }
        let names = named.joined(separator: ", ")
        guard layout.ioParent != nil else {
            return [
                "\(names): there is no cgroup controller for io; boot a kernel with CONFIG_BLK_CGROUP, and mount the io "
                    + "(version 2) or the blkio controller"
            ]
        }
        guard DeviceNumber.diskBelow(folder) != nil else {
            return [
                "\(names): the file system of \(folder) lies on no disk that the kernel can name (overlay, tmpfs, btrfs); "
                    + "put the sandboxes' directories on ext4 or xfs, or leave \(first) out"
            ]
        }
        if layout.version == .v1 {
            // Buffered writes reach the disk in the kernel's own name there, whoever made them.
            let writes = named.filter { $0.hasPrefix("io_write") }
            if !writes.isEmpty {
                return [
                    "\(writes.joined(separator: ", ")): with cgroups of version 1 the kernel slows direct writes alone, and "
                        + "not the usual ones; boot with systemd.unified_cgroup_hierarchy=1, or leave it out"
                ]
            }
            let file = "\(layout.ioParent!)/blkio.throttle.read_bps_device"
            return access(file, F_OK) == 0 ? [] : [Self.noThrottling(names)]
        }
        do throws(SystemError) {
            try delegateIO()
        } catch {
            return ["\(names): enabling the io controller for the groups below \(layout.ioParent!): \(error)"]
        }
        // The hierarchy's root itself has no such file.
        if let name, access("\(layout.ioParent!)/\(name)/io.max", F_OK) != 0 { return [Self.noThrottling(names)] }
        guard named.contains(where: { $0.hasPrefix("io_write") }), !Self.writesBackByGroup(folder) else { return [] }
        return [
            "io_write, io_write_ops: the file system of \(folder) writes in the kernel's own name; put the sandboxes' "
                + "directories on ext4 or xfs, or leave it out"
        ]
    }

    private static func noThrottling(_ names: String) -> String {
        "\(names): this kernel has no io limits; boot one with CONFIG_BLK_DEV_THROTTLING"
    }

    /// Whether buffered writes count for the group that made them: ext2 to ext4, xfs and f2fs, by their magic numbers.
    private static func writesBackByGroup(_ folder: String) -> Bool {
        var status = statfs()
        guard statfs(folder, &status) == 0 else { return false }
        return [0xef53, 0x5846_5342, 0xf2f5_2010].contains(UInt32(truncatingIfNeeded: status.f_type))
    }

    /// Only where a limit needs it: the controller costs every request something.
    private func delegateIO() throws(SystemError) {
        guard let parent = layout.ioParent else { return }
        for group in [parent] + (name.map { ["\(parent)/\($0)"] } ?? []) {
            let file = "\(group)/cgroup.subtree_control"
            let enabled = try readFile(file).split(whereSeparator: \.isWhitespace)
            if !enabled.contains("io") { try writeControlFile(file, "+io") }
        }
    }

    /// Limits a group, and gives the steps with which pid 1 joins what was made for it.
    func limitIO(_ group: String, _ limits: Limits, at directory: String) throws(SystemError) -> [PlanStep] {
        guard !limits.io.isEmpty else { return [] }
        guard let parent = layout.ioParent, let device = DeviceNumber.diskBelow(directory) else {
            throw SystemError("find the disk below", directory, number: ENODEV)
        }
        let path = self.directory(of: group, in: parent)
        switch layout.version {
        case .v1:
            if let name { mkdir("\(parent)/\(name)", 0o755) }
            try makeDirectory(path)
            for limit in limits.io {
                try writeControlFile("\(path)/blkio.throttle.\(limit.fileV1)", "\(device) \(limit.value)")
            }
            return [.join(.v1, path: "\(path)/tasks")]
        case .v2:
            try delegateIO()
            let rates = limits.io.map { "\($0.keyV2)=\($0.value)" }.joined(separator: " ")
            try writeControlFile("\(path)/io.max", "\(device) \(rates)")
            return []
        }
    }
}

/// One io limit, by its names in a policy and in the kernel.
struct IOLimit {
    var name: String
    var fileV1: String
    var keyV2: String
    var value: Int64
}

extension Limits {
    var io: [IOLimit] {
        let all: [(String, String, String, Int64?)] = [
            ("io_read", "read_bps_device", "rbps", ioRead?.bytes),
            ("io_write", "write_bps_device", "wbps", ioWrite?.bytes),
            ("io_read_ops", "read_iops_device", "riops", ioReadOps.map(Int64.init)),
            ("io_write_ops", "write_iops_device", "wiops", ioWriteOps.map(Int64.init)),
        ]
        return all.compactMap { name, file, key, value in
            value.map { IOLimit(name: name, fileV1: file, keyV2: key, value: $0) }
        }
    }
}
