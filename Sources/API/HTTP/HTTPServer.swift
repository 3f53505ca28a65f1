import CMicroHTTPD
import Dispatch
import Glibc
package import Linux
import Synchronization

/// What a server allows its clients.
package struct HTTPLimits: Sendable {
    /// Bytes of a request's body.
    package var body = 1 << 20
    /// Over TCP, of a request without a known client's credentials.
    package var anonymousBody = 64 << 10
    /// Bytes of memory for one connection: the request line and all headers must fit in it.
    package var connectionMemory = 32 << 10
    package var connections = 4096
    /// Connections of one share (see `HTTPServer.init`).
    package var connectionsPerShare = 8
    /// Seconds without a byte after which a connection is closed.
    package var idle = 30
    /// In which a request must have come to its end, since the connection began or the answer before; nil for any time.
    package var request: Duration?
    /// In which the client must have taken an answer that is no stream; nil for any time.
    package var answer: Duration?

    package init() {}
}

/// The HTTP server could not be started: what was tried and what to do.
package struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// An HTTP/1.1 server on a listening socket: GNU libmicrohttpd with one thread of its own for all connections.
/// A request's connection is suspended until an answer that comes later is there, so that a slow one delays nobody else.
package final class HTTPServer: Sendable {
    /// Called on the server's thread: it must not wait for anything.
    package typealias Handler = @Sendable (HTTPRequest, HTTPConnection) -> HTTPAnswer

    private let context: ServerContext
    private let daemon: DaemonHandle
    private let stopped = Atomic(false)

    /// On the Unix socket.
    ///
    /// - Parameters:
    ///   - socket: the server closes it when it stops.
    ///   - share: which share of the connections a peer's count into; nil for peers that are not limited.
    ///   - log: gets the library's complaints, a line each.
    package convenience init(
        socket: consuming ListeningSocket, limits: HTTPLimits = HTTPLimits(),
        share: @escaping @Sendable (Peer) -> ConnectionShare? = { _ in nil },
        log: @escaping @Sendable (String) -> Void, handler: @escaping Handler
    ) throws(HTTPServerError) {
        let census = ConnectionCensus(limit: limits.connectionsPerShare)
        let context = ServerContext(
            door: .unixSocket, limits: limits, census: census, share: share, log: log, handler: handler)
        try self.init(listener: FileDescriptor(owning: socket.take()), tls: nil, context: context)
    }

    /// On a TCP socket. Every peer's connections count into its address's share.
    ///
    /// - Parameters:
    ///   - listener: the server closes it when it stops.
    ///   - census: shared by several servers, where they count together.
    ///   - tls: nil for plain HTTP.
    ///   - mayStay: whether a connection that counts into the share may go on; asked twice a second.
    ///   - isWelcome: whether an Authorization header is a known client's, whose bodies may be longer.
    package convenience init(
        listener: consuming FileDescriptor, door: Door, tls: TLSIdentity?, limits: HTTPLimits,
        census: ConnectionCensus, mayStay: @escaping @Sendable (ConnectionShare) -> Bool = { _ in true },
        isWelcome: @escaping @Sendable (String?) -> Bool = { _ in true },
        log: @escaping @Sendable (String) -> Void, handler: @escaping Handler
    ) throws(HTTPServerError) {
        let context = ServerContext(
            door: door, limits: limits, census: census,
            share: {
                guard case .remote(let address) = $0 else { return nil }
                return .client(address.client)
            }, mayStay: mayStay, isWelcome: isWelcome, log: log, handler: handler)
        try self.init(listener: listener, tls: tls, context: context)
    }

    private init(
        listener: consuming FileDescriptor, tls: TLSIdentity?, context: ServerContext
    ) throws(HTTPServerError) {
        let socket = listener.take()
        let limits = context.limits
        let reference = Unmanaged.passRetained(context)
        let opaque = reference.toOpaque()
        let memory = DaemonMemory(tls: tls, context: opaque)
        var flags =
            MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_ALLOW_UPGRADE.rawValue
            | MHD_USE_ERROR_LOG.rawValue
        if tls != nil { flags |= MHD_USE_TLS.rawValue }
        var options: [MHD_OptionItem] = [
            // First, so that complaints about the other options reach it.
            .init(option: .EXTERNAL_LOGGER, value: altp_mhd_logger(), ptr_value: memory.sink),
            .init(option: .LISTEN_SOCKET, value: Int(socket), ptr_value: nil),
            .init(option: .CONNECTION_MEMORY_LIMIT, value: limits.connectionMemory, ptr_value: nil),
            .init(option: .CONNECTION_LIMIT, value: limits.connections, ptr_value: nil),
            .init(option: .CONNECTION_TIMEOUT, value: limits.idle, ptr_value: nil),
            .init(option: .STRICT_FOR_CLIENT, value: 1, ptr_value: nil),
            .init(option: .URI_LOG_CALLBACK, value: address(of: targetCallback), ptr_value: opaque),
            .init(option: .NOTIFY_CONNECTION, value: address(of: connectionCallback), ptr_value: opaque),
            .init(option: .NOTIFY_COMPLETED, value: address(of: completedCallback), ptr_value: opaque),
        ]
        if let certificate = memory.certificate, let key = memory.key {
            options += [
                .init(option: .HTTPS_PRIORITIES, value: 0, ptr_value: memory.priorities),
                .init(option: .HTTPS_MEM_KEY, value: 0, ptr_value: key),
                .init(option: .HTTPS_MEM_CERT, value: 0, ptr_value: certificate),
            ]
        }
        options.append(.init(option: .END, value: 0, ptr_value: nil))
        let daemon = options.withUnsafeBufferPointer { buffer in
            withVaList([MHD_OPTION.ARRAY.rawValue, buffer.baseAddress!, MHD_OPTION.END.rawValue]) {
                MHD_start_daemon_va(flags, 0, nil, nil, requestCallback, opaque, $0)
            }
        }
        guard let daemon else {
            let code = errno
            memory.free()
            reference.release()
            close(socket)
            throw HTTPServerError(
                tls == nil
                    ? "cannot start the HTTP server: \(systemMessage(code))"
                    : "cannot start the HTTPS server: the certificate or its key cannot be used, or they do not belong "
                        + "together (openssl x509 -noout -pubkey -in CERTIFICATE; openssl pkey -pubout -in KEY)")
        }
        self.context = context
        self.daemon = DaemonHandle(pointer: daemon, memory: memory)
    }

    /// Takes no new connections, lets the requests under way be answered, and ends. New requests on open connections get 503.
    /// Connections that speak another protocol get a moment to end, and then are cut off.
    /// Also ends the waiting of `retire`.
    package func stop() async {
        guard !stopped.load(ordering: .acquiring) else { return await context.endUpgraded() }
        await end { await self.context.endUpgraded() }
    }

    /// As `stop`, for a server that another one has taken the place of: who talks another protocol, or takes a stream, talks on.
    package func retire() async { await end { await self.context.waitForUpgraded() } }

    private func end(_ wait: @Sendable () async -> Void) async {
        guard stopped.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return }
        let socket = MHD_quiesce_daemon(daemon.pointer)
        await wait()
        await context.drain()
        let daemon = daemon
        let context = context
        await withCheckedContinuation { continuation in
            // It joins the server's thread. A queue of its own gets a thread at once, the global one has a few for all.
            DispatchQueue(label: "altp.http.stop").async {
                MHD_stop_daemon(daemon.pointer)
                if socket >= 0 { close(socket) }
                daemon.memory.free()
                Unmanaged.passUnretained(context).release()
                continuation.resume()
            }
        }
    }
}

/// A certificate chain and its private key, in PEM.
package struct TLSIdentity: Sendable, Hashable {
    package var certificate: [UInt8]
    package var key: [UInt8]

    package init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }
}

/// What the library reads for as long as a daemon lives.
private struct DaemonMemory {
    let sink: UnsafeMutablePointer<altp_mhd_log_sink>
    let certificate: UnsafeMutablePointer<CChar>?
    let key: UnsafeMutablePointer<CChar>?
    let priorities: UnsafeMutablePointer<CChar>?

    /// As GnuTLS has them: versions before 1.2 are out of use (RFC 8996).
    private static let versions = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

    init(tls: TLSIdentity?, context: UnsafeMutableRawPointer) {
        sink = .allocate(capacity: 1)
        sink.initialize(to: altp_mhd_log_sink(write: logCallback, context: context))
        certificate = tls.map { Self.text($0.certificate) }
        key = tls.map { Self.text($0.key) }
        priorities = tls.map { _ in Self.text(Array(Self.versions.utf8)) }
    }

    private static func text(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
        text[bytes.count] = 0
        return text
    }

    func free() {
        sink.deallocate()
        if let key {
            // Whoever gets the memory next has no use for it.
            explicit_bzero(key, strlen(key))
            key.deallocate()
        }
        certificate?.deallocate()
        priorities?.deallocate()
    }
}

/// The library's functions on a daemon may be called from any thread.
private struct DaemonHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let memory: DaemonMemory
}

private func address<Function>(of function: Function) -> Int { unsafeBitCast(function, to: Int.self) }
