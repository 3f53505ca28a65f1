/// What the host hands out besides pools. One more is one more case, of at most four that the vector has room for.
package enum Resource: Int, Sendable, Hashable, CaseIterable {
    /// Thousandths of a core.
    case cpu
    /// Bytes.
    case memory
    /// Blocks of host uids; a Processing holds one as long as its directories exist.
    case uidBlocks
    /// Bytes. What is free of it is looked at, see `DiskLedger`: others use the file system too.
    case disk

    package var name: String {
        switch self {
        case .cpu: "cpu"
        case .memory: "memory"
        case .uidBlocks: "uid blocks"
        case .disk: "disk"
        }
    }
}

/// An amount of every resource. Whole numbers, so that what is given back is exactly what was taken.
package struct Resources: Sendable, Hashable {
    var lanes: SIMD4<Int64>

    package static let zero = Resources()

    package init() { lanes = .zero }

    /// `cpu` in cores, rounded up to a thousandth; `memory` and `disk` in bytes.
    package init(cpu: Double, memory: Int64, uidBlocks: Int = 0, disk: Int64 = 0) {
        self.init()
        self[.cpu] = Int64((cpu * 1000).rounded(.up))
        self[.memory] = memory
        self[.uidBlocks] = Int64(uidBlocks)
        self[.disk] = disk
    }

    package subscript(resource: Resource) -> Int64 {
        get { lanes[resource.rawValue] }
        set { lanes[resource.rawValue] = newValue }
    }

    /// Those that `self` wants more of than `other` has. Wanting nothing is never too much, even where `other` is overdrawn.
    func exceeding(_ other: Resources) -> [Resource] {
        if all(lanes .<= other.lanes) { return [] }
        return Resource.allCases.filter { self[$0] > max(0, other[$0]) }
    }

    package static func + (left: Resources, right: Resources) -> Resources {
        var sum = left
        sum.lanes &+= right.lanes
        return sum
    }

    package static func - (left: Resources, right: Resources) -> Resources {
        var difference = left
        difference.lanes &-= right.lanes
        return difference
    }
}
