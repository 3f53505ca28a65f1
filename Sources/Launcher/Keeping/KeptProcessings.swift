import Store

/// The directories of an ended Processing.
struct KeptDirectories {
    var record: ProcessingRecord
    /// What they hold of the disk; nil while that is not known.
    var bytes: Int64?
    /// Why they are being removed.
    var removal: Retention.Cause?
    /// When a removal that failed is tried again.
    var notBefore: Int64?

    var isBeingRemoved: Bool { removal != nil }
}

/// Ended Processings whose directories are still there, by their numbers. How many are being removed is asked for at every
/// end, whatever is kept besides, and so is counted as it goes.
struct KeptProcessings: Sequence {
    private var all: [Int64: KeptDirectories] = [:]
    private(set) var removals = 0

    subscript(id: Int64) -> KeptDirectories? {
        get { all[id] }
        set {
            if all[id]?.isBeingRemoved == true { removals -= 1 }
            if newValue?.isBeingRemoved == true { removals += 1 }
            all[id] = newValue
        }
    }

    mutating func removeValue(forKey id: Int64) -> KeptDirectories? {
        defer { self[id] = nil }
        return all[id]
    }

    var keys: Dictionary<Int64, KeptDirectories>.Keys { all.keys }
    var values: Dictionary<Int64, KeptDirectories>.Values { all.values }
    func makeIterator() -> Dictionary<Int64, KeptDirectories>.Iterator { all.makeIterator() }
}
