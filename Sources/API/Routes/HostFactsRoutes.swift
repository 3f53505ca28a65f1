import Configuration
import Wire

extension RouteTable {
    static let hostFacts: [Route] = [
        Route(
            .get, "\(root)/pools", "The pools: their sizes, who has some of them, and how many wait",
            .role(.viewer, script: .host), response: .json(PageView<PoolView>.self)
        ) { service, _ throws(Problem) in await service.listPools() },
        Route(
            .get, "\(root)/pools/{name}", "One pool", .role(.viewer, script: .host), response: .json(PoolView.self)
        ) { service, call throws(Problem) in try await service.showPool(call) },
        Route(
            .get, "\(root)/policies", "The policies, and the Scripts that have them", .role(.viewer, script: .host),
            response: .json(PageView<PolicyView>.self)
        ) { service, _ throws(Problem) in await service.listPolicies() },
        Route(
            .get, "\(root)/policies/{name}", "One policy", .role(.viewer, script: .host),
            response: .json(PolicyView.self)
        ) { service, call throws(Problem) in try await service.showPolicy(call) },
        Route(
            .get, "\(root)/rootfs", "The rootfs definitions and their images", .role(.viewer, script: .host),
            response: .json(PageView<RootfsView>.self)
        ) { service, _ throws(Problem) in await service.listRootfs() },
        Route(
            .get, "\(root)/rootfs/{name}", "One rootfs and its image", .role(.viewer, script: .host),
            response: .json(RootfsView.self)
        ) { service, call throws(Problem) in try await service.showRootfs(call) },
        Route(
            .get, "\(root)/retention", "Which directories are kept, how much they hold, by whom they are held",
            .role(.viewer, script: .host), response: .json(RetentionView.self)
        ) { service, call throws(Problem) in try await service.showRetention(call) },
    ]
}
