package import Configuration
import Glibc
import Linux
import Synchronization

/// The API's servers on TCP. They have threads and limits of their own: whatever comes in there, the Unix socket's server
/// answers as before.
package final class RemoteListeners: Sendable {
    /// What every server is given, also those that come when the certificate is renewed.
    private struct Service: Sendable {
        var limits: HTTPLimits
        /// One for all.
        var census: ConnectionCensus
        var mayStay: @Sendable (ConnectionShare) -> Bool
        var isWelcome: @Sendable (String?) -> Bool
        var log: @Sendable (String) -> Void
        var handler: HTTPServer.Handler
    }

    private struct State: Sendable {
        var identity: TLSIdentity?
        var service: Service?
        /// In the order of `api: listen:`.
        var servers: [HTTPServer] = []
        var retiring: [HTTPServer] = []
        var isStopping = false
    }

    private let api: APIConfiguration
    /// Kept beside each server's own copy, so that a new server can take an old one's place.
    private let sockets: [Int32]
    private let state: Mutex<State>

    /// Takes the addresses. Connections wait in the sockets' queues until `start`.
    package init(_ api: APIConfiguration) throws(HTTPServerError) {
        self.api = api
        let identity = try Self.identity(api)
        var sockets: [Int32] = []
        do throws(HTTPServerError) {
            for address in api.listen { sockets.append(try TCPListener(address).take()) }
        } catch {
            for socket in sockets { close(socket) }
            throw error
        }
        self.sockets = sockets
        state = Mutex(State(identity: identity))
    }

    deinit {
        for socket in sockets { close(socket) }
    }

    /// `http://127.0.0.1:8470`, for people to see.
    package var addresses: [String] {
        api.listen.map { "\(api.tls == nil ? "http" : "https")://\($0)" }
    }

    /// - Parameters:
    ///   - mayStay: whether a connection that counts into the share may go on.
    ///   - isWelcome: whether an Authorization header is a known client's.
    package func start(
        mayStay: @escaping @Sendable (ConnectionShare) -> Bool,
        isWelcome: @escaping @Sendable (String?) -> Bool, log: @escaping @Sendable (String) -> Void,
        handler: @escaping HTTPServer.Handler
    ) throws(HTTPServerError) {
        let limits = HTTPLimits(api.limits, listeners: max(1, api.listen.count))
        let service = Service(
            limits: limits, census: ConnectionCensus(limit: limits.connectionsPerShare), mayStay: mayStay,
            isWelcome: isWelcome, log: log, handler: handler)
        let servers = try servers(service, state.withLock { $0.identity })
        state.withLock { state in
            state.service = service
            state.servers = servers
        }
    }

    /// Takes a certificate that has been renewed. What is under way goes on with the old one.
    ///
    /// - Returns: why the old one stays, when the new one cannot be used.
    package func renew() async -> String? {
        let (service, known) = state.withLock { ($0.service, $0.identity) }
        guard let service, api.tls != nil else { return nil }
        let next: [HTTPServer]
        let identity: TLSIdentity?
        do throws(HTTPServerError) {
            identity = try Self.identity(api)
            guard identity != known else { return nil }
            next = try servers(service, identity)
        } catch {
            return "\(error); the certificate from before stays in use"
        }
        let old = state.withLock { state in
            guard !state.isStopping else { return next }
            defer { state.servers = next }
            state.identity = identity
            state.retiring += state.servers
            return state.servers
        }
        for server in old {
            Task {
                await server.retire()
                state.withLock { $0.retiring.removeAll { $0 === server } }
            }
        }
        return nil
    }

    package func stop() async {
        let (servers, retiring) = state.withLock { state in
            state.isStopping = true
            return (state.servers, state.retiring)
        }
        await withDiscardingTaskGroup { group in
            for server in servers + retiring { group.addTask { await server.stop() } }
        }
    }

    private func servers(_ service: Service, _ identity: TLSIdentity?) throws(HTTPServerError) -> [HTTPServer] {
        var servers: [HTTPServer] = []
        for (address, socket) in zip(api.listen, sockets) {
            let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                throw HTTPServerError("cannot start the server on \(address): fcntl: \(systemMessage(errno))")
            }
            servers.append(
                try HTTPServer(
                    listener: FileDescriptor(owning: copy),
                    door: Door(kind: address.isLoopback ? .loopback : .network, isEncrypted: identity != nil),
                    tls: identity, limits: service.limits, census: service.census, mayStay: service.mayStay,
                    isWelcome: service.isWelcome,
                    log: service.log, handler: service.handler))
        }
        return servers
    }

    private static func identity(_ api: APIConfiguration) throws(HTTPServerError) -> TLSIdentity? {
        guard let files = api.tls, !api.listen.isEmpty else { return nil }
        func read(_ path: String, _ content: TLSFileCheck.Content) throws(HTTPServerError) -> [UInt8] {
            switch TLSFileCheck.read(path, as: content) {
            case .success(let bytes): return bytes
            case .failure(let refusal): throw HTTPServerError("api: tls: \(path) \(refusal)")
            }
        }
        return TLSIdentity(
            certificate: try read(files.certificate, .certificate), key: try read(files.key, .key))
    }
}

extension HTTPLimits {
    /// Those of the Unix socket: the sizes alone are settings.
    package init(_ limits: APILimits) {
        self.init()
        body = Int(limits.body.bytes)
        connectionMemory = Int(limits.header.bytes)
    }

    /// Those of each server on TCP.
    init(_ limits: APILimits, listeners: Int) {
        self.init(limits)
        connections = max(1, limits.connections / listeners)
        connectionsPerShare = limits.connectionsPerClient
        let time = Duration.milliseconds(limits.requestTime.milliseconds)
        request = time
        // An answer may be much longer than a request.
        answer = time * 3
    }
}
