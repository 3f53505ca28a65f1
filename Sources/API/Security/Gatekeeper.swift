package import Configuration
import Glibc
import Launcher
package import Store
import Synchronization
import Wire

/// What stands between a connection and the routes: who it is, whether it may ask now, and what is noted of it.
package final class Gatekeeper: Sendable {
    package let api: APIConfiguration
    package let tokens: TokenVault
    let audit: AuditTrail
    let names = UserNames()
    /// The API's listeners beside the Unix socket.
    package let listeners: RemoteListeners
    private let limiter: Mutex<RateLimiter>

    package init(
        api: APIConfiguration, listeners: RemoteListeners, store: Store, log: @escaping @Sendable (String) -> Void
    ) async throws(StoreError) {
        self.api = api
        self.listeners = listeners
        tokens = try await TokenVault(store: store, log: log)
        audit = AuditTrail(store: store, retention: api.audit, log: log)
        limiter = Mutex(RateLimiter(rate: api.limits.requestsPerSecond, burst: api.limits.burst))
    }

    /// Who asks over TCP.
    func caller(_ request: HTTPRequest) -> Caller {
        guard let credentials = request.headers["authorization"] else { return .anonymous(hasToken: false) }
        guard let token = BearerToken(authorization: credentials),
            let holder = tokens.holder(of: token, at: Launcher.systemTime())
        else { return .anonymous(hasToken: true) }
        return .token(holder)
    }

    /// Whether an Authorization header holds a valid token.
    package func isWelcome(_ authorization: String?) -> Bool {
        guard let token = authorization.flatMap(BearerToken.init(authorization:)) else { return false }
        return tokens.holder(of: token, at: Launcher.systemTime()) != nil
    }

    /// Whether a request over TCP is one too many. Who has a valid token is counted by it, and all others by their address:
    /// nobody who only shares an address with an attacker is kept out.
    func refusal(of caller: Caller, at address: RemoteAddress, over connection: HTTPConnection) -> HTTPResponse? {
        let client = ConnectionShare.client(address.client)
        let share = if case .token(let token) = caller { ConnectionShare.token(token.id) } else { client }
        if let wait = limiter.withLock({ $0.admit(share, at: Self.steadyTime()) }) {
            let seconds = max(1, Int(min(wait, 3600).rounded(.up)))
            return .problem(
                Problems.tooMany(
                    "More than \(api.limits.requestsPerSecond) requests a second; try again in \(seconds) s."),
                headers: [.init("Retry-After", String(seconds))])
        }
        if case .token(let token) = caller, !connection.join(.token(token.id)) {
            return .problem(
                Problems.tooMany(
                    "The token \(token.name) has \(api.limits.connectionsPerClient) connections open, which is all it may have."
                ), headers: [.init("Retry-After", "1"), .init("Connection", "close")])
        }
        return nil
    }

    /// Whether a connection that counts into the share may go on.
    package func mayStay(_ share: ConnectionShare) -> Bool {
        guard case .token(let id) = share else { return true }
        return tokens.isValid(id, at: Launcher.systemTime())
    }

    private static func steadyTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
