package import Configuration
package import Sandbox
import Store

extension Launcher {
    /// What is handed out to Scripts, and what of it is in use.
    package struct HandedOut: Sendable {
        package struct Amount: Sendable {
            package var resource: Resource
            package var total: Int64
            package var free: Int64
        }

        package var amounts: [Amount]
        /// Attempts that run, or are about to.
        package var running: Int
        /// Attempts that wait for any of it.
        package var waiting: Int
    }

    package func handedOut() -> HandedOut {
        lookAtDisk()
        return HandedOut(
            amounts: Resource.allCases.map {
                let (total, free) = admission.amount(of: $0)
                return HandedOut.Amount(resource: $0, total: total, free: free)
            }, running: admission.runningCount, waiting: admission.waitingCount)
    }

    /// A pool, with what its holders are.
    package struct PoolState: Sendable {
        package struct Holder: Sendable {
            package var processing: Int64
            package var task: String
            package var script: String
            package var amount: Int
        }

        package var name: String
        package var size: Int
        package var free: Int
        package var holders: [Holder]
        package var waiting: Int
    }

    package func pools() -> [PoolState] {
        admission.pools.map { pool in
            let holders = pool.holders.sorted { $0.key < $1.key }.compactMap { id, amount -> PoolState.Holder? in
                guard let live = processings[id] else { return nil }
                return .init(
                    processing: id, task: live.record.task,
                    script: live.attempt?.script ?? live.chain.script, amount: amount)
            }
            return PoolState(
                name: pool.name, size: pool.size, free: pool.free, holders: holders, waiting: pool.waiting)
        }
    }

    /// A policy, and the Scripts that name it, as `TASK/SCRIPT`.
    package func policies() -> [(policy: Policy, users: [String])] {
        let users = users { $0.policy.name }
        return folder.policies.values.sorted { $0.name < $1.name }.map { ($0, users[$0.name] ?? []) }
    }

    /// The rootfs definitions, with the host's own, and the Scripts that have them; images lie in `images`.
    package func rootfs() -> (definitions: [RootfsDefinition], users: [String: [String]]) {
        let host = RootfsDefinition(name: "host", source: .host)
        return ([host] + folder.rootfs.values.sorted { $0.name < $1.name }, users { $0.policy.rootfs })
    }

    package nonisolated var images: ImageStore { ImageStore(state: state.path) }

    private func users(of name: (ScriptDefinition) -> String) -> [String: [String]] {
        var users: [String: [String]] = [:]
        for task in liveTasks.values.sorted(by: { $0.definition.name < $1.definition.name }) {
            for script in task.definition.scripts {
                users[name(script), default: []].append("\(task.definition.name)/\(script.name)")
            }
        }
        return users
    }
}
