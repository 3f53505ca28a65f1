/// The newest messages, which all subscribers share: each has a place in it and nothing of its own. Pure.
///
/// Places count every message since the start, with those that have been dropped.
struct FeedRing: Sendable {
    private struct Entry {
        var frame: FeedFrame
        /// The greatest id of a change up to here.
        var last: Int64
    }

    private let mostFrames: Int
    private let mostBytes: Int
    private var entries: [Entry?] = []
    /// Entries at the front that were dropped and still take up room.
    private var dropped = 0
    private var bytes = 0
    /// The place of the oldest message.
    private(set) var first: Int = 0
    /// All changes after this one, up to `last`, are here.
    private(set) var completeAfter: Int64
    /// The greatest id of a change that is or was here.
    private(set) var last: Int64

    init(after id: Int64, mostFrames: Int = 8192, mostBytes: Int = 8 << 20) {
        self.mostFrames = mostFrames
        self.mostBytes = mostBytes
        completeAfter = id
        last = id
    }

    /// The place after the newest message.
    var end: Int { first + entries.count - dropped }

    /// Adds a message; those of changes come in the order of their ids.
    mutating func append(_ frame: FeedFrame) {
        last = frame.id ?? last
        entries.append(Entry(frame: frame, last: last))
        bytes += frame.bytes.count
        while entries.count - dropped > mostFrames || bytes > mostBytes, entries.count - dropped > 1 { dropFirst() }
    }

    /// All changes up to this one have been added, but for those that cannot be told.
    mutating func pass(_ id: Int64) { last = max(last, id) }

    private mutating func dropFirst() {
        if let entry = entries[dropped] {
            bytes -= entry.frame.bytes.count
            completeAfter = entry.last
        }
        entries[dropped] = nil
        dropped += 1
        first += 1
        if dropped > entries.count / 2 {
            entries.removeFirst(dropped)
            dropped = 0
        }
    }

    /// The message at a place that is from `first` to before `end`.
    subscript(place: Int) -> FeedFrame { entries[place - first + dropped]!.frame }

    /// The place of the first message after a change; nil when some that come after it are not here any more.
    func place(after id: Int64) -> Int? {
        guard id >= completeAfter else { return nil }
        var low = first
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if entries[middle - first + dropped]!.last > id { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The greatest id of a change before a place.
    func id(before place: Int) -> Int64 {
        place > first ? entries[place - 1 - first + dropped]!.last : completeAfter
    }
}
