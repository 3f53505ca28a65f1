/// What a request wants and is not free.
struct Lack {
    var resources: [Resource]
    var pools: [String]
}

/// What requests further ahead keep from those behind, and for which Processing.
struct Reservations {
    private(set) var resources: [Resource: Int64] = [:]
    private(set) var pools: [String: Int64] = [:]

    /// Where several want the same, the one furthest ahead is named.
    mutating func add(_ lack: Lack, for processing: Int64) {
        for resource in lack.resources where resources[resource] == nil { resources[resource] = processing }
        for pool in lack.pools where pools[pool] == nil { pools[pool] = processing }
    }
}
