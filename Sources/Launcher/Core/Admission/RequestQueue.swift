/// Waiting requests that want exactly the same: where the first of them cannot start, none can. A binary heap; what is
/// withdrawn stays in it until it comes to the top.
struct RequestQueue {
    private var heap: [QueueKey] = []
    private var withdrawn: Set<QueueKey> = []

    var isEmpty: Bool { heap.isEmpty }
    /// Without those that were withdrawn.
    var count: Int { heap.count - withdrawn.count }
    /// The first in order; never a withdrawn one.
    var first: QueueKey? { heap.first }

    mutating func insert(_ key: QueueKey) {
        // One that comes back at the same place before it was swept out is simply valid again.
        guard withdrawn.remove(key) == nil else { return }
        heap.append(key)
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func remove(_ key: QueueKey) {
        withdrawn.insert(key)
        while let top = heap.first, withdrawn.remove(top) != nil { pop() }
    }

    private mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[smallest] {
                smallest = child
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
