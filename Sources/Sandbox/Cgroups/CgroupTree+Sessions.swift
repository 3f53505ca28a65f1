import Configuration
import Glibc
import Linux
import SandboxPlan

extension CgroupTree {
    /// The directories of the engine's own groups, below which those of attempts and of sessions without limits are.
    var ownGroups: [String] {
        guard let name else { return [] }
        return Set(layout.parents.values).union(layout.ioParent.map { [$0] } ?? []).map { "\($0)/\(name)" }
    }

    /// Makes the group of a sandbox that is held for sessions.
    ///
    /// - Returns: the steps by which they come into it.
    func makeHeld(_ group: String, limits: Limits, at directory: String) throws(SandboxError) -> [PlanStep] {
        let steps = try make(group, limits: limits, at: directory)
        guard layout.version == .v2 else { return steps }
        do throws(SystemError) {
            // What takes too much is ended alone: a command, and not the shells of all who are inside.
            try writeControlFile("\(self.directory(of: group, in: layout.parents[.memory]!))/memory.oom.group", "0")
        } catch {
            remove(group)
            throw SandboxError("making the cgroup of the sandbox: \(error)")
        }
        return steps
    }

    /// Makes a group for a session within those of a sandbox, so that its limits hold for both together.
    ///
    /// It is for ending the session alone. On version 2 it has no controllers, so that there may be processes beside it; on
    /// version 1 it is in the hierarchy of `pids` only, and the session's processes are in the sandbox's groups elsewhere:
    /// not all of version 1's limits reach down to groups below.
    ///
    /// - Parameter steps: of the sandbox's plan.
    /// - Returns: its directories, and the steps by which the session's processes join it.
    func makeSession(
        _ group: String, in steps: [PlanStep]
    ) throws(SandboxError) -> (directories: [String], steps: [PlanStep]) {
        var directory: String?
        var joins: [PlanStep] = []
        for case .join(let version, let path) in steps {
            let pids = "\(layout.parents[.pids]!)/"
            switch version {
            case .v2:
                directory = "\(path)/\(group)"
                joins.append(.join(.v2, path: "\(path)/\(group)"))
            case .v1 where path.hasPrefix(pids) && directory == nil:
                let parent = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
                directory = "\(parent)/\(group)"
                joins.append(.join(.v1, path: "\(parent)/\(group)/tasks"))
            case .v1: joins.append(.join(.v1, path: path))
            }
        }
        guard let directory else { throw SandboxError("making the group of the session: the sandbox has no groups") }
        do throws(SystemError) {
            try makeDirectory(directory)
        } catch {
            throw SandboxError("making the group of the session: \(error)")
        }
        return ([directory], joins + [.endGroup(path: directory)])
    }

    /// Makes a group for a session that no limit holds for.
    func makeUnlimited(_ group: String) throws(SandboxError) -> (directories: [String], steps: [PlanStep]) {
        let all = Set(layout.parents.values).sorted().map { directory(of: group, in: $0) }
        let own = directory(of: group, in: layout.parents[.pids]!)
        do throws(SystemError) {
            for path in all { try makeDirectory(path) }
        } catch {
            _ = CgroupRemoval.remove(all)
            throw SandboxError("making the group of the session: \(error)")
        }
        let joins: [PlanStep] =
            layout.version == .v2
            ? [.join(.v2, path: own)] : all.map { .join(.v1, path: "\($0)/tasks") }
        return (all, joins + [.endGroup(path: own)])
    }
}
