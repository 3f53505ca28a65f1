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
        /// Bodies that are being sent.
        var streams: Set<ResponseStream> = []
        var endsStreams = false
    }

    let limits: HTTPLimits
    let census: ConnectionCensus
    let door: Door
    /// Of servers that others than this host's users reach.
    let open: OpenConnections?
    let share: @Sendable (Peer) -> ConnectionShare?
    /// Whether an Authorization header is a known client's.
    let isWelcome: @Sendable (String?) -> Bool
    let watch = HangupWatch()
    private let log: @Sendable (String) -> Void
    private let budget = Mutex(LogBudget())
    private let handler: HTTPServer.Handler
    private let state = Mutex(State())

    init(
        door: Door, limits: HTTPLimits, census: ConnectionCensus,
        share: @escaping @Sendable (Peer) -> ConnectionShare?,
        mayStay: (@Sendable (ConnectionShare) -> Bool)? = nil,
        isWelcome: @escaping @Sendable (String?) -> Bool = { _ in true },
        log: @escaping @Sendable (String) -> Void, handler: @escaping HTTPServer.Handler
    ) {
        self.limits = limits
        self.census = census
        self.door = door
        open = mayStay.map { OpenConnections(limits: limits, mayStay: $0) }
        self.share = share
        self.isWelcome = isWelcome
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

    /// A body begins to be sent.
    func enter(_ socket: Int32, stream: ResponseStream) {
        enter(socket)
        let isStopping = state.withLock { state in
            state.streams.insert(stream)
            return state.endsStreams
        }
        if isStopping { stream.body.stop() }
    }

    func leave(_ socket: Int32, stream: ResponseStream) {
        leave(socket)
        state.withLock { _ = $0.streams.remove(stream) }
    }

    /// Gives those who talk on them a moment to say good-bye, then takes the sockets from under them.
    func endUpgraded() async {
        let streams = state.withLock { state in
            state.endsStreams = true
            return state.streams
        }
        for stream in streams { stream.body.stop() }
        for _ in 0..<100 {
            if state.withLock({ $0.upgraded.isEmpty }) { break }
            try? await Task.sleep(for: .milliseconds(10))
        }
        state.withLock { state in
            state.stopping = true
            for socket in state.upgraded { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Waits until nobody talks on them any more.
    func waitForUpgraded() async {
        while !state.withLock({ $0.upgraded.isEmpty }) { try? await Task.sleep(for: .seconds(1)) }
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

    func handle(_ request: HTTPRequest, over connection: HTTPConnection) -> HTTPAnswer {
        handler(request, connection)
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
