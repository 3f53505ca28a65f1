/// One attempt that wants to start. A Processing has at most one at a time, so its id is the request's.
package struct AdmissionRequest: Sendable, Hashable {
    package var processing: Int64
    package var task: String
    /// Higher goes first.
    package var priority: Int
    /// Milliseconds since the epoch; older goes first. A retry or the next Script of a chain that keeps its Processing's
    /// creation time keeps its place in the queue too.
    package var queuedAt: Int64
    package var resources: Resources
    package var pools: [String: Int]

    package init(
        processing: Int64, task: String, priority: Int = 0, queuedAt: Int64, resources: Resources,
        pools: [String: Int] = [:]
    ) {
        self.processing = processing
        self.task = task
        self.priority = priority
        self.queuedAt = queuedAt
        self.resources = resources
        self.pools = pools.filter { $0.value > 0 }
    }
}

/// One thing that keeps a waiting request from starting, with figures as `altp why` shows them.
package enum Blocker: Sendable, Hashable {
    case taskPaused(task: String)
    /// `running` Processings of the Task run, and `limit` may.
    case maxRunning(task: String, running: Int, limit: Int)
    /// Amounts in the resource's unit.
    case resource(Resource, wanted: Int64, free: Int64)
    /// `holders` are the Processings whose attempts hold some of it.
    case pool(String, wanted: Int, free: Int, holders: [Int64])
    /// A request before it in the queue has waited longer than the patience for `resource`, which is kept for it.
    case reserved(Resource, by: Int64)
    case reservedPool(String, by: Int64)
    /// More than there is altogether: it can never start.
    case exceedsHost(Resource, wanted: Int64, capacity: Int64)
    case exceedsPool(String, wanted: Int, capacity: Int)
}

/// The place of a request in the queue.
struct QueueKey: Sendable, Hashable, Comparable {
    var priority: Int
    var queuedAt: Int64
    var processing: Int64

    init(_ request: AdmissionRequest) {
        priority = request.priority
        queuedAt = request.queuedAt
        processing = request.processing
    }

    static func < (left: QueueKey, right: QueueKey) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        if left.queuedAt != right.queuedAt { return left.queuedAt < right.queuedAt }
        return left.processing < right.processing
    }
}
