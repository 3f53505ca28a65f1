import Configuration
import Launcher
import Linux
import Sandbox
import Wire

extension APIService {
    func listPools() async -> HTTPResponse { .json(PageView(items: await launcher.pools().map(PoolView.init))) }

    func showPool(_ call: Call) async throws(Problem) -> HTTPResponse {
        let pools = await launcher.pools()
        return .json(PoolView(try Self.named(call, "pool", pools, \.name)))
    }

    func listPolicies() async -> HTTPResponse {
        .json(PageView(items: await launcher.policies().map { PolicyView($0.policy, users: $0.users) }))
    }

    func showPolicy(_ call: Call) async throws(Problem) -> HTTPResponse {
        let found = try Self.named(call, "policy", await launcher.policies(), \.policy.name)
        return .json(PolicyView(found.policy, users: found.users))
    }

    func listRootfs() async -> HTTPResponse { .json(PageView(items: await rootfs())) }

    func showRootfs(_ call: Call) async throws(Problem) -> HTTPResponse {
        .json(try Self.named(call, "rootfs", await rootfs(), \.name))
    }

    private func rootfs() async -> [RootfsView] {
        let (definitions, users) = await launcher.rootfs()
        let images = launcher.images
        return await blocking {
            let known = Dictionary(definitions.map { ($0.name, $0) }) { first, _ in first }
            let orphans = images.names().filter { known[$0] == nil }
            return (definitions.map(\.name) + orphans).map {
                RootfsView($0, known[$0], in: images, users: users[$0] ?? [])
            }
        }
    }

    func showRetention(_ call: Call) async throws(Problem) -> HTTPResponse {
        let report = try await launched { () async throws(LauncherError) in
            try await launcher.collect(free: nil, dryRun: true, by: call.caller.source)
        }
        return .json(RetentionView(report))
    }

    /// The one that the path's `{name}` names, or a problem that says which there are.
    private static func named<Item>(
        _ call: Call, _ what: String, _ items: [Item], _ name: (Item) -> String
    ) throws(Problem) -> Item {
        let wanted = call.captures["name"] ?? ""
        if let item = items.first(where: { name($0) == wanted }) { return item }
        let names = items.map(name)
        let near = nearest(to: wanted, among: names).map { "; did you mean \($0)?" }
        let all = names.isEmpty ? "; there is none" : "; there are \(names.prefix(50).joined(separator: ", "))"
        throw Problems.notFound("There is no \(what) \(wanted.prefix(100))\(near ?? all)")
    }
}

/// Does what may block for a moment on a thread that is for it: the cooperative threads are few.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        WorkerThreads.shared.run { continuation.resume(returning: body()) }
    }
}
