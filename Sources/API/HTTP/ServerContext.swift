import CMicroHTTPD
import Glibc
import Synchronization

/// What the library's callbacks, which can capture nothing, get as their closure pointer.
final class ServerContext: Sendable {
    private struct State {
        var stopping = false
        /// Requests that were handed to the handler and whose answers have not been sent yet.
        var active = 0
        var waiter: CheckedContinuation<Void, Never>?
        /// The sockets of connections that speak another protocol. Their requests are active until they end.
        var upgraded: Set<Int32> = []
    }

    let limits: HTTPLimits
    let census: ConnectionCensus
    let share: @Sendable (PeerCredentials) -> UInt32?
    private let log: @Sendable (String) -> Void
    private let budget = Mutex(LogBudget())
    private let handler: HTTPServer.Handler
    private let state = Mutex(State())

    init(
        limits: HTTPLimits, share: @escaping @Sendable (PeerCredentials) -> UInt32?,
        log: @escaping @Sendable (String) -> Void, handler: @escaping HTTPServer.Handler
    ) {
        self.limits = limits
        census = ConnectionCensus(limit: limits.connectionsPerShare)
        self.share = share
        self.log = log
        self.handler = handler
    }

    /// Logs what a client caused, unless clients have caused too much.
    func complain(_ line: String) {
        guard let dropped = budget.withLock({ $0.admit(at: .now) }) else { return }
        if dropped > 0 { log("http: \(dropped) more complaints were left out") }
        log("http: " + line)
    }

    /// - Returns: false when the server stops; the request is then not counted.
    func begin() -> Bool {
        state.withLock { state in
            guard !state.stopping else { return false }
            state.active += 1
            return true
        }
    }

    func end() {
        let waiter = state.withLock { state in
            state.active -= 1
            defer { if state.active == 0 { state.waiter = nil } }
            return state.active == 0 ? state.waiter : nil
        }
        waiter?.resume()
    }

    // MARK: Connections that speak another protocol

    func enter(_ upgraded: Int32) {
        state.withLock { state in
            state.upgraded.insert(upgraded)
            if state.stopping { shutdown(upgraded, Int32(SHUT_RDWR)) }
        }
    }

    func leave(_ upgraded: Int32) { state.withLock { _ = $0.upgraded.remove(upgraded) } }

    /// Gives those who talk on them a moment to say good-bye, then takes the sockets from under them.
    func endUpgraded() async {
        for _ in 0..<100 {
            if state.withLock({ $0.upgraded.isEmpty }) { break }
            try? await Task.sleep(for: .milliseconds(10))
        }
        state.withLock { state in
            state.stopping = true
            for socket in state.upgraded { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Returns when every request that began has been answered; none begins any more.
    func drain() async {
        await withCheckedContinuation { continuation in
            let idle = state.withLock { state in
                state.stopping = true
                guard state.active > 0 else { return true }
                state.waiter = continuation
                return false
            }
            if idle { continuation.resume() }
        }
    }

    func handle(_ request: HTTPRequest, from peer: PeerCredentials) async -> HTTPResponse {
        await handler(request, peer)
    }
}

/// One connection's peer, and the share it was counted into.
final class ConnectionContext: Sendable {
    let peer: PeerCredentials?
    let share: UInt32?

    init(peer: PeerCredentials?, share: UInt32?) {
        self.peer = peer
        self.share = share
    }
}

/// One request on its way through the library's callbacks.
final class RequestContext: Sendable {
    /// As sent, undecoded.
    let target: String
    let progress: Mutex<RequestProgress>
    /// It was counted by `ServerContext.begin`.
    let counted = Atomic(false)
    /// What waits for the answer to be sent.
    let upgrade = Mutex<ConnectionUpgrade?>(nil)

    init(target: String, bodyLimit: Int) {
        self.target = target
        progress = Mutex(RequestProgress(limit: bodyLimit))
    }
}
