extension Admission {
    /// A pool, who has some of it, and how many requests wait that want some.
    package struct PoolFacts: Sendable, Hashable {
        package var name: String
        package var size: Int
        package var free: Int
        /// By Processing.
        package var holders: [Int64: Int]
        package var waiting: Int
    }

    /// In the order of their names; also one that is no longer defined, as long as somebody holds or wants some of it.
    package var pools: [PoolFacts] {
        var all: [String: PoolFacts] = [:]
        for (name, size) in poolCapacity {
            all[name] = PoolFacts(name: name, size: size, free: max(0, poolFree[name] ?? 0), holders: [:], waiting: 0)
        }
        func change(_ name: String, _ body: (inout PoolFacts) -> Void) {
            body(&all[name, default: PoolFacts(name: name, size: 0, free: 0, holders: [:], waiting: 0)])
        }
        for (processing, request) in holding {
            for (name, amount) in request.pools { change(name) { $0.holders[processing] = amount } }
        }
        for entry in waiting.values {
            for name in entry.request.pools.keys { change(name) { $0.waiting += 1 } }
        }
        return all.values.sorted { $0.name < $1.name }
    }

    /// What the host hands out of a resource, and what of it is free; overdrawn, it is less than nothing.
    package func amount(of resource: Resource) -> (total: Int64, free: Int64) { (capacity[resource], free[resource]) }
}
