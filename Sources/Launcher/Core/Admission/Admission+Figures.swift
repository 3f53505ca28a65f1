/// What an attempt waits for.
package enum QueueReason: Sendable, Hashable {
    case resource(Resource)
    case pool(String)
    case taskPaused
    case maxRunning
    /// Its retry is not due.
    case retry
    /// Somebody is inside of an ended attempt whose files it would change.
    case entered
    /// The state folder takes no files.
    case stateFolder
    /// It wants more than there is altogether.
    case impossible
    /// Nothing: it is about to start.
    case starting

    package var name: String {
        switch self {
        case .resource(.uidBlocks): "uid_blocks"
        case .resource(let resource): resource.name
        case .pool: "pool"
        case .taskPaused: "task_paused"
        case .maxRunning: "max_running"
        case .retry: "retry"
        case .entered: "entered"
        case .stateFolder: "state_folder"
        case .impossible: "impossible"
        case .starting: "starting"
        }
    }

    /// All but pools.
    static let ofEveryHost: [QueueReason] =
        Resource.allCases.map { .resource($0) } + [
            .taskPaused, .maxRunning, .retry, .entered, .stateFolder, .impossible, .starting,
        ]

    /// Empty but for `pool`.
    package var pool: String {
        if case .pool(let name) = self { name } else { "" }
    }
}

extension Admission {
    package var poolSizes: [String: Int] { poolCapacity }

    /// How many requests wait for what: each under the first thing, in the order in which `admit` looks at them. What is kept
    /// for one further ahead counts as missing. Looks at shapes, not at requests.
    package func waitingByReason(now: Int64) -> [QueueReason: Int] {
        var result: [QueueReason: Int] = [:]
        var reservations = Reservations()
        for head in heads {
            let shape = head.shape
            let lacking = lack(of: shape)
            let reason: QueueReason
            if paused.contains(shape.task) {
                reason = .taskPaused
            } else if isHeldByTask(shape) {
                reason = .maxRunning
            } else if let resource = lacking.resources.first {
                reason = .resource(resource)
            } else if let pool = lacking.pools.first {
                reason = .pool(pool)
            } else if let resource = Resource.allCases.first(where: {
                shape.resources[$0] > 0 && reservations.resources[$0] != nil
            }) {
                reason = .resource(resource)
            } else if let pool = shape.pools.keys.sorted().first(where: { reservations.pools[$0] != nil }) {
                reason = .pool(pool)
            } else {
                reason = .starting
            }
            result[reason, default: 0] += queues[shape]?.count ?? 0
            if !isHeldByTask(shape), reserves(head, now: now) { reservations.add(lacking, for: head.key.processing) }
        }
        return result
    }
}
