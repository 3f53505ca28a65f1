/// Who may start now: by priority, then oldest first, as resources, pools and `max_running` allow.
///
/// A request that cannot start lets later ones pass while it has waited less than `patience`. After that nothing behind it
/// may take from what it lacks, so that big Scripts are not starved by small ones; requests that touch none of that still
/// pass. A paused Task's requests, those over `max_running` and those that can never start hold nothing back.
///
/// Waiting requests are kept in one queue for each distinct want ("shape": a Task's Script, in practice), and the shapes in
/// the order of their first requests. An `admit` therefore looks at shapes, not at requests, and stops once no shape fits
/// what is left of some resource.
package struct Admission: Sendable {
    struct Shape: Hashable {
        var task: String
        var priority: Int
        /// It would make one more Processing of the Task running.
        var isNew: Bool
        var resources: Resources
        var pools: [String: Int]
    }

    struct Waiting {
        var request: AdmissionRequest
        var shape: Shape
    }

    /// The queue's front: a shape's first request.
    struct Head {
        var key: QueueKey
        var shape: Shape
    }

    /// Milliseconds.
    package var patience: Int64
    private(set) var capacity: Resources
    private(set) var poolCapacity: [String: Int]
    private(set) var free: Resources
    private(set) var poolFree: [String: Int]

    private(set) var waiting: [Int64: Waiting] = [:]
    private(set) var queues: [Shape: RequestQueue] = [:]
    /// Ascending by key.
    private(set) var heads: [Head] = []
    /// The attempts that run, by Processing.
    private(set) var holding: [Int64: AdmissionRequest] = [:]
    private var runningOfTask: [String: Set<Int64>] = [:]
    private var maxRunning: [String: Int] = [:]
    private(set) var paused: Set<String> = []

    package init(capacity: Resources, pools: [String: Int] = [:], patience: Int64 = 30_000) {
        self.capacity = capacity
        self.poolCapacity = pools
        self.patience = patience
        free = capacity
        poolFree = pools
    }

    package var waitingCount: Int { waiting.count }
    package var runningCount: Int { holding.count }
    package func isWaiting(_ processing: Int64) -> Bool { waiting[processing] != nil }
    /// An attempt of it runs, or is about to.
    package func isHolding(_ processing: Int64) -> Bool { holding[processing] != nil }

    // MARK: Requests

    /// Adds a request; the Processing must neither wait nor hold. What can never start is not added: the blockers say why.
    package mutating func enqueue(_ request: AdmissionRequest) -> [Blocker] {
        precondition(
            waiting[request.processing] == nil && holding[request.processing] == nil,
            "Processing \(request.processing) has a request already")
        let refusal = obstacles(to: request)
        if refusal.isEmpty { insert(request) }
        return refusal
    }

    /// Why a request can never start; nothing when it can. Whether its Processing waits or holds plays no part.
    package func obstacles(to request: AdmissionRequest) -> [Blocker] {
        excess(of: request.resources, pools: request.pools)
    }

    /// Takes a waiting request back; nothing happens when it does not wait.
    package mutating func withdraw(_ processing: Int64) {
        if let entry = waiting.removeValue(forKey: processing) { removeFromQueue(entry) }
    }

    /// An attempt has ended: what it held is free again, but for `keeping`, which goes on being taken until `giveBack`
    /// (a Processing's block of uids). Its Processing still counts as running until `processingEnded`.
    package mutating func release(_ processing: Int64, keeping kept: Resources = .zero) {
        guard let request = holding.removeValue(forKey: processing) else { return }
        free = free + request.resources - kept
        for (pool, amount) in request.pools { poolFree[pool, default: 0] += amount }
    }

    /// The Processing no longer counts against its Task's `max_running`.
    package mutating func processingEnded(_ processing: Int64, task: String) {
        withdraw(processing)
        runningOfTask[task]?.remove(processing)
    }

    /// What was taken at no request's name is free again.
    package mutating func giveBack(_ resources: Resources) { free = free + resources }

    /// Takes at no request's name: what a Processing holds beyond its attempts.
    package mutating func take(_ resources: Resources) { free = free - resources }

    /// After a restart: an attempt that already runs, whether it fits or not.
    package mutating func adopt(_ request: AdmissionRequest) {
        precondition(waiting[request.processing] == nil && holding[request.processing] == nil)
        hold(request)
    }

    /// After a restart: a Processing that is under way between two attempts. Call it before its `enqueue`.
    package mutating func processingRuns(_ processing: Int64, task: String) {
        runningOfTask[task, default: []].insert(processing)
    }

    // MARK: Settings

    package mutating func setCapacity(_ resources: Resources, pools: [String: Int]) {
        free = free + resources - capacity
        capacity = resources
        for pool in Set(pools.keys).union(poolCapacity.keys) {
            poolFree[pool, default: 0] += (pools[pool] ?? 0) - (poolCapacity[pool] ?? 0)
        }
        poolCapacity = pools
    }

    /// Takes figures that were looked at, not counted: what holds is part of `free` already.
    package mutating func set(_ resource: Resource, capacity: Int64, free: Int64) {
        self.capacity[resource] = capacity
        self.free[resource] = free
    }

    /// nil for no limit.
    package mutating func setMaxRunning(_ limit: Int?, task: String) { maxRunning[task] = limit }

    package mutating func setPaused(_ isPaused: Bool, task: String) {
        if isPaused { paused.insert(task) } else { paused.remove(task) }
    }

    // MARK: Decisions

    /// Starts whatever may start at `now` (milliseconds since the epoch) and gives the Processings in the order in which
    /// they were admitted. Call it after every change; time alone never admits more.
    package mutating func admit(now: Int64) -> [Int64] {
        var admitted: [Int64] = []
        var reservations = Reservations()
        // Below this of any resource, nothing that waits can start.
        let least = leastWanted()
        var index = 0
        while index < heads.count, least.exceeding(free).isEmpty {
            let head = heads[index]
            guard !isHeldByTask(head.shape) else {
                index += 1
                continue
            }
            let lacking = lack(of: head.shape)
            if lacking.resources.isEmpty, lacking.pools.isEmpty {
                guard !isReserved(head.shape, reservations) else {
                    index += 1
                    continue
                }
                // The shape's next request comes at or behind this index, as its key is larger.
                start(head)
                admitted.append(head.key.processing)
            } else {
                if reserves(head, now: now) { reservations.add(lacking, for: head.key.processing) }
                index += 1
            }
        }
        return admitted
    }

    /// What keeps a waiting request from starting at `now`; empty when nothing does or when it does not wait.
    package func blockers(of processing: Int64, now: Int64) -> [Blocker] {
        guard let entry = waiting[processing] else { return [] }
        let shape = entry.shape
        var found = excess(of: shape.resources, pools: shape.pools)
        if paused.contains(shape.task) { found.append(.taskPaused(task: shape.task)) }
        if shape.isNew, let limit = maxRunning[shape.task] {
            let running = runningOfTask[shape.task]?.count ?? 0
            if running >= limit { found.append(.maxRunning(task: shape.task, running: running, limit: limit)) }
        }
        let lacking = lack(of: shape)
        for resource in lacking.resources {
            found.append(
                .resource(resource, wanted: shape.resources[resource], free: max(0, free[resource])))
        }
        for pool in lacking.pools {
            let holders = holding.values.filter { $0.pools[pool] != nil }.map(\.processing).sorted()
            found.append(
                .pool(pool, wanted: shape.pools[pool] ?? 0, free: max(0, poolFree[pool] ?? 0), holders: holders))
        }
        let ahead = reservations(before: QueueKey(entry.request), now: now)
        for resource in Resource.allCases where shape.resources[resource] > 0 {
            if let holder = ahead.resources[resource] { found.append(.reserved(resource, by: holder)) }
        }
        for pool in shape.pools.keys.sorted() {
            if let holder = ahead.pools[pool] { found.append(.reservedPool(pool, by: holder)) }
        }
        return found
    }

    /// What the first request in order wants of a resource, where that resource is all that it lacks; nil when there is none.
    package func wanted(forLackOf resource: Resource) -> Int64? {
        let wanting = heads.first { head in
            // What can never start is owed nothing.
            guard head.shape.resources[resource] > max(0, free[resource]), !isHeldByTask(head.shape),
                excess(of: head.shape.resources, pools: head.shape.pools).isEmpty
            else { return false }
            let lacking = lack(of: head.shape)
            return lacking.pools.isEmpty && lacking.resources == [resource]
        }
        return wanting.map { $0.shape.resources[resource] }
    }

    /// What each running attempt holds of a resource, by Processing.
    package func held(_ resource: Resource) -> [Int64: Int64] { holding.mapValues { $0.resources[resource] } }

    private func reservations(before key: QueueKey, now: Int64) -> Reservations {
        var result = Reservations()
        for head in heads {
            guard head.key < key else { break }
            guard !isHeldByTask(head.shape), reserves(head, now: now) else { continue }
            result.add(lack(of: head.shape), for: head.key.processing)
        }
        return result
    }

    func reserves(_ head: Head, now: Int64) -> Bool {
        let (waited, overflow) = now.subtractingReportingOverflow(head.key.queuedAt)
        return (overflow || waited >= patience) && excess(of: head.shape.resources, pools: head.shape.pools).isEmpty
    }

    /// Its Task is paused or runs as many Processings as it may.
    func isHeldByTask(_ shape: Shape) -> Bool {
        if paused.contains(shape.task) { return true }
        guard shape.isNew, let limit = maxRunning[shape.task] else { return false }
        return (runningOfTask[shape.task]?.count ?? 0) >= limit
    }

    func lack(of shape: Shape) -> Lack {
        Lack(
            resources: shape.resources.exceeding(free),
            pools: shape.pools.isEmpty
                ? [] : shape.pools.filter { $0.value > poolFree[$0.key] ?? 0 }.map(\.key).sorted())
    }

    private func isReserved(_ shape: Shape, _ reservations: Reservations) -> Bool {
        reservations.resources.keys.contains { shape.resources[$0] > 0 }
            || reservations.pools.keys.contains { shape.pools[$0] != nil }
    }

    private func excess(of resources: Resources, pools: [String: Int]) -> [Blocker] {
        let ofHost = resources.exceeding(capacity).map {
            Blocker.exceedsHost($0, wanted: resources[$0], capacity: capacity[$0])
        }
        let ofPools = pools.filter { $0.value > poolCapacity[$0.key] ?? 0 }.sorted { $0.key < $1.key }.map {
            Blocker.exceedsPool($0.key, wanted: $0.value, capacity: poolCapacity[$0.key] ?? 0)
        }
        return ofHost + ofPools
    }

    private func leastWanted() -> Resources {
        var least = Resources()
        guard let first = heads.first else { return least }
        least = first.shape.resources
        for head in heads.dropFirst() { least.lanes = pointwiseMin(least.lanes, head.shape.resources.lanes) }
        return least
    }

    // MARK: Queues

    private mutating func start(_ head: Head) {
        guard let entry = waiting.removeValue(forKey: head.key.processing) else {
            preconditionFailure("a queue's head waits")
        }
        removeFromQueue(entry)
        hold(entry.request)
    }

    private mutating func hold(_ request: AdmissionRequest) {
        free = free - request.resources
        for (pool, amount) in request.pools { poolFree[pool, default: 0] -= amount }
        holding[request.processing] = request
        runningOfTask[request.task, default: []].insert(request.processing)
    }

    private mutating func insert(_ request: AdmissionRequest) {
        let isNew = runningOfTask[request.task]?.contains(request.processing) != true
        let shape = Shape(
            task: request.task, priority: request.priority, isNew: isNew, resources: request.resources,
            pools: request.pools)
        waiting[request.processing] = Waiting(request: request, shape: shape)
        let before = queues[shape]?.first
        queues[shape, default: RequestQueue()].insert(QueueKey(request))
        moveHead(of: shape, from: before)
    }

    private mutating func removeFromQueue(_ entry: Waiting) {
        let before = queues[entry.shape]?.first
        queues[entry.shape]?.remove(QueueKey(entry.request))
        moveHead(of: entry.shape, from: before)
        if queues[entry.shape]?.isEmpty == true { queues[entry.shape] = nil }
    }

    private mutating func moveHead(of shape: Shape, from before: QueueKey?) {
        let after = queues[shape]?.first
        guard before != after else { return }
        if let before { heads.remove(at: position(of: before)) }
        if let after { heads.insert(Head(key: after, shape: shape), at: position(of: after)) }
    }

    /// Where a key is or belongs; keys are unique, as they contain the Processing.
    private func position(of key: QueueKey) -> Int {
        var low = 0
        var high = heads.count
        while low < high {
            let middle = (low + high) / 2
            if heads[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
