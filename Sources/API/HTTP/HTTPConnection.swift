import Glibc
import Synchronization

/// One connection: who is at its other end, what it is counted into, and since when it keeps the server waiting.
package final class HTTPConnection: Sendable {
    /// Nil when the kernel does not tell.
    package let peer: Peer?
    package let door: Door
    private let census: ConnectionCensus
    private let state: Mutex<State>

    private struct State {
        var shares: Set<ConnectionShare> = []
        var pace: ConnectionPace
    }

    init(peer: Peer?, door: Door, census: ConnectionCensus, now: ContinuousClock.Instant = .now) {
        self.peer = peer
        self.door = door
        self.census = census
        state = Mutex(State(pace: ConnectionPace(since: now)))
    }

    /// Counts it into a share too, until it ends.
    ///
    /// - Returns: false when that has its fill.
    package func join(_ share: ConnectionShare) -> Bool {
        state.withLock { state in
            if state.shares.contains(share) { return true }
            guard census.enter(share) else { return false }
            state.shares.insert(share)
            return true
        }
    }

    var shares: Set<ConnectionShare> { state.withLock { $0.shares } }

    func end() {
        let shares = state.withLock { state in
            defer { state.shares = [] }
            return state.shares
        }
        for share in shares { census.leave(share) }
    }

    func note(_ step: ConnectionPace.Step) { state.withLock { $0.pace.note(step, at: .now) } }

    func isOverdue(at now: ContinuousClock.Instant, limits: HTTPLimits) -> Bool {
        state.withLock { $0.pace.isOverdue(at: now, request: limits.request, answer: limits.answer) }
    }
}

/// Whether a connection makes the server wait for too long. A byte now and then, which keeps it from being idle, does not
/// help: what counts is when the whole request is there.
struct ConnectionPace {
    enum Step {
        /// The request is whole, and its handler runs: what takes time now is the server's own.
        case handling
        /// An answer that the client should take at once.
        case answering
        /// One without an end in sight, or another protocol.
        case streaming
        /// The answer is sent; the next request may come.
        case answered
    }

    private enum Wait {
        case request(since: ContinuousClock.Instant)
        case answer(since: ContinuousClock.Instant)
        case none
    }

    private var wait: Wait

    init(since: ContinuousClock.Instant) { wait = .request(since: since) }

    mutating func note(_ step: Step, at now: ContinuousClock.Instant) {
        switch step {
        case .handling, .streaming: wait = .none
        case .answering: wait = .answer(since: now)
        case .answered: wait = .request(since: now)
        }
    }

    /// - Parameters:
    ///   - request: in which a request must be whole.
    ///   - answer: in which the client must have taken its answer.
    func isOverdue(at now: ContinuousClock.Instant, request: Duration?, answer: Duration?) -> Bool {
        switch wait {
        case .none: false
        case .request(let since): request.map { since.duration(to: now) >= $0 } ?? false
        case .answer(let since): answer.map { since.duration(to: now) >= $0 } ?? false
        }
    }
}
