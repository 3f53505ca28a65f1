import Configuration
import Glibc
import Linux
import SandboxPlan

/// Where this host's control groups are: the unified hierarchy when it has all controllers that limits need, else the
/// hierarchies of version 1, see cgroups(7).
struct CgroupLayout: Sendable, Hashable {
    enum Controller: String, Sendable, Hashable, CaseIterable {
        case cpu, cpuacct, memory, pids
    }

    var version: CgroupVersion
    /// The directory below which groups are made, for each controller. On v2 all are the same.
    var parents: [Controller: String]
    /// The same for the controller of io limits, which not every host has.
    var ioParent: String?

    /// Reads the layout from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup` (proc(5)).
    ///
    /// - Parameter unifiedControllers: the text of the unified root's `cgroup.controllers`, given its mount point.
    /// - Returns: the missing controllers' names when the host offers a controller in neither version.
    static func read(
        mounts: String, own: String, unifiedControllers: (String) -> String
    ) -> Result<CgroupLayout, MissingControllers> {
        let places = Self.mountPoints(mounts)
        let (unified, blkio) = (places[""], places["blkio"])
        var mountPoints: [Controller: String] = [:]
        for controller in Controller.allCases { mountPoints[controller] = places[controller.rawValue] }
        if let unified {
            let available = Set(unifiedControllers(unified).split(whereSeparator: \.isWhitespace).map(String.init))
            if available.isSuperset(of: ["cpu", "memory", "pids"]) {
                let all = Controller.allCases.map { ($0, unified) }
                return .success(
                    CgroupLayout(
                        version: .v2, parents: Dictionary(uniqueKeysWithValues: all),
                        ioParent: available.contains("io") ? unified : nil))
            }
        }
        let missing = Controller.allCases.filter { mountPoints[$0] == nil }
        guard missing.isEmpty else { return .failure(MissingControllers(controllers: missing.map(\.rawValue))) }
        let groups = ownGroups(own)
        // Below the starter's own group: its limits then hold for the sandboxes too, as its administrator expects.
        let parents = mountPoints.map { controller, mount in
            (controller, (mount + (groups[controller.rawValue] ?? "/")).trimmingSlash)
        }
        return .success(
            CgroupLayout(
                version: .v1, parents: Dictionary(uniqueKeysWithValues: parents),
                ioParent: blkio.map { ($0 + (groups["blkio"] ?? "/")).trimmingSlash }))
    }

    /// The starter's group in each v1 hierarchy.
    private static func ownGroups(_ text: String) -> [String: String] {
        var groups: [String: String] = [:]
        for line in text.parts("\n") {
            // A group's name may have colons.
            guard let first = line.firstIndex(of: UInt8(ascii: ":")),
                let second = line[line.index(after: first)...].firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            let group = String(Substring(line[line.index(after: second)...]))
            for name in line[line.index(after: first)..<second].parts(",") { groups[String(Substring(name))] = group }
        }
        return groups
    }

    /// The layout with all groups below one that was delegated to this process.
    ///
    /// - Parameter group: relative to each hierarchy's root, such as `altp.slice/altp-sandboxes.service`.
    func below(_ group: String, mounts: String) throws(SandboxError) -> CgroupLayout {
        let roots = Self.mountPoints(mounts)
        var layout = self
        func place(_ controller: String) throws(SandboxError) -> String {
            let path = "\(roots[version == .v2 ? "" : controller] ?? "")/\(group)"
            guard access("\(path)/cgroup.procs", F_OK) == 0 else {
                throw SandboxError(
                    "finding the delegated cgroup: \(SystemError("access", "\(path)/cgroup.procs")). Start the unit that "
                        + "it belongs to (systemctl start \(group.split(separator: "/").last ?? "")), or leave --delegated out"
                )
            }
            return path
        }
        for controller in parents.keys { layout.parents[controller] = try place(controller.rawValue) }
        if ioParent != nil { layout.ioParent = try place("blkio") }
        return layout
    }

    /// Where the hierarchy of each version 1 controller is mounted, and, as the empty name, the unified one.
    private static func mountPoints(_ mounts: String) -> [String: String] {
        var places: [String: String] = [:]
        for line in mounts.parts("\n") {
            // The optional fields in the middle end with a dash of their own.
            let fields = line.parts(" ")
            guard let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), dash > 4, fields.count > dash + 3
            else { continue }
            // A mount of a part of a hierarchy (a container's) is the root for what can be made here.
            let (kind, mountPoint) = (fields[dash + 1], String(Substring(fields[4])))
            if kind.elementsEqual("cgroup2".utf8) {
                places[""] = places[""] ?? mountPoint
            } else if kind.elementsEqual("cgroup".utf8) {
                for option in fields[dash + 3].parts(",") { places[String(Substring(option))] = mountPoint }
            }
        }
        return places
    }

    /// Reads this host's layout, and puts it below a group that was delegated when there is one.
    static func ofHost(below group: String?) throws(SandboxError) -> CgroupLayout {
        let layout = try ofHost()
        guard let group else { return layout }
        let mounts: String
        do throws(SystemError) {
            mounts = try readFile("/proc/self/mountinfo")
        } catch {
            throw SandboxError("finding the cgroup hierarchies: \(error)")
        }
        return try layout.below(group, mounts: mounts)
    }

    /// Reads this host's layout.
    static func ofHost() throws(SandboxError) -> CgroupLayout {
        let result: Result<CgroupLayout, MissingControllers>
        do throws(SystemError) {
            result = read(mounts: try readFile("/proc/self/mountinfo"), own: try readFile("/proc/self/cgroup")) {
                (try? readFile("\($0)/cgroup.controllers")) ?? ""
            }
        } catch {
            throw SandboxError("finding the cgroup hierarchies: \(error)")
        }
        switch result {
        case .success(let layout): return layout
        case .failure(let missing):
            throw SandboxError(
                "finding the cgroup hierarchies: no \(missing.controllers.joined(separator: ", ")) controller, neither in a "
                    + "unified hierarchy nor in one of version 1. Mount them (systemd does), or boot with "
                    + "systemd.unified_cgroup_hierarchy=1")
        }
    }
}

/// What a person wants to know of the host's control groups.
package enum CgroupSummary {
    /// One line; throws what is missing.
    package static func ofHost() throws(SandboxError) -> String {
        let layout = try CgroupLayout.ofHost()
        let controllers = CgroupLayout.Controller.allCases.map(\.rawValue).joined(separator: ", ")
        return layout.version == .v2 ? "version 2, with \(controllers)" : "version 1 hierarchies for \(controllers)"
    }

    /// Makes a group with limits and removes it: what is delegated to this process is seen by doing it.
    ///
    /// - Returns: below which groups it can.
    package static func tryDelegation() throws(SandboxError) -> [String] {
        let layout = try CgroupLayout.ofHost()
        let tree = try CgroupTree(layout: layout, name: nil)
        let group = "doctor-\(getpid())"
        _ = try tree.make(group, limits: Limits(), at: "/")
        if let leftover = tree.remove(group).first { throw SandboxError("removing the group: \(leftover)") }
        return Set(layout.parents.values).sorted()
    }

    /// Which io limits of policies this host can hold, for sandboxes whose directories lie in a folder; nil when it can hold
    /// each of them, else why not.
    package static func ioObstacle(in folder: String) -> String? {
        guard let layout = try? CgroupLayout.ofHost(), let tree = try? CgroupTree(layout: layout, name: nil) else {
            return "there are no cgroups"
        }
        var limits = Limits()
        limits.ioRead = ByteSize(bytes: 1 << 20)
        if let obstacle = tree.unenforceableIO(limits, in: folder).first { return obstacle }
        limits.ioWrite = ByteSize(bytes: 1 << 20)
        return tree.unenforceableIO(limits, in: folder).first
    }
}

struct MissingControllers: Error, Sendable, Hashable {
    var controllers: [String]
}

extension String {
    fileprivate func parts(_ separator: Unicode.Scalar) -> [Substring.UTF8View] { utf8[...].parts(separator) }

    /// Without slashes at its end.
    fileprivate var trimmingSlash: String {
        var result = self[...]
        while result.hasSuffix("/") { result.removeLast() }
        return String(result)
    }
}

extension Substring.UTF8View {
    /// By bytes: text of the kernel's is read at every start, and characters take their time.
    fileprivate func parts(_ separator: Unicode.Scalar) -> [Substring.UTF8View] {
        split(separator: UInt8(ascii: separator))
    }
}
