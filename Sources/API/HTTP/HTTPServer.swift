import CMicroHTTPD
import Dispatch
import Glibc
import Linux
import Synchronization

/// What a server allows its clients.
package struct HTTPLimits: Sendable {
    /// Bytes of a request's body.
    package var body = 1 << 20
    /// Bytes of memory for one connection: the request line and all headers must fit in it.
    package var connectionMemory = 32 << 10
    package var connections = 1024
    /// Connections of one share (see `HTTPServer.init`).
    package var connectionsPerShare = 8
    /// Seconds without a byte after which a connection is closed.
    package var idle = 30

    package init() {}
}

/// The HTTP server could not be started: what was tried and what to do.
package struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// An HTTP/1.1 server on a listening Unix socket: GNU libmicrohttpd with one thread of its own for all connections.
/// A request's connection is suspended while its handler runs, so that a slow handler delays nobody else.
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, PeerCredentials) async -> HTTPResponse

    private let context: ServerContext
    private let daemon: DaemonHandle
    private let stopped = Atomic(false)

    /// - Parameters:
    ///   - socket: the server closes it when it stops.
    ///   - share: which share of the connections a peer's count into; nil for peers that are not limited.
    ///   - log: gets the library's complaints, a line each.
    package init(
        socket: consuming ListeningSocket, limits: HTTPLimits = HTTPLimits(),
        share: @escaping @Sendable (PeerCredentials) -> UInt32? = { _ in nil },
        log: @escaping @Sendable (String) -> Void, handler: @escaping Handler
    ) throws(HTTPServerError) {
        let listener = socket.take()
        let context = ServerContext(limits: limits, share: share, log: log, handler: handler)
        let reference = Unmanaged.passRetained(context)
        let flags =
            MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_ALLOW_UPGRADE.rawValue
            | MHD_USE_ERROR_LOG.rawValue
        let opaque = reference.toOpaque()
        let sink = UnsafeMutablePointer<altp_mhd_log_sink>.allocate(capacity: 1)
        sink.initialize(to: altp_mhd_log_sink(write: logCallback, context: opaque))
        let options: [MHD_OptionItem] = [
            // First, so that complaints about the other options reach it.
            .init(option: .EXTERNAL_LOGGER, value: altp_mhd_logger(), ptr_value: sink),
            .init(option: .LISTEN_SOCKET, value: Int(listener), ptr_value: nil),
            .init(option: .CONNECTION_MEMORY_LIMIT, value: limits.connectionMemory, ptr_value: nil),
            .init(option: .CONNECTION_LIMIT, value: limits.connections, ptr_value: nil),
            .init(option: .CONNECTION_TIMEOUT, value: limits.idle, ptr_value: nil),
            .init(option: .STRICT_FOR_CLIENT, value: 1, ptr_value: nil),
            .init(option: .URI_LOG_CALLBACK, value: address(of: targetCallback), ptr_value: opaque),
            .init(option: .NOTIFY_CONNECTION, value: address(of: connectionCallback), ptr_value: opaque),
            .init(option: .NOTIFY_COMPLETED, value: address(of: completedCallback), ptr_value: opaque),
            .init(option: .END, value: 0, ptr_value: nil),
        ]
        let daemon = options.withUnsafeBufferPointer { buffer in
            withVaList([MHD_OPTION.ARRAY.rawValue, buffer.baseAddress!, MHD_OPTION.END.rawValue]) {
                MHD_start_daemon_va(flags, 0, nil, nil, requestCallback, opaque, $0)
            }
        }
        guard let daemon else {
            let code = errno
            sink.deallocate()
            reference.release()
            close(listener)
            throw HTTPServerError("cannot start the HTTP server: \(systemMessage(code))")
        }
        self.context = context
        self.daemon = DaemonHandle(pointer: daemon, sink: sink)
    }

    /// Takes no new connections, lets the requests under way be answered, and ends. New requests on open connections get 503.
    /// Connections that speak another protocol get a moment to end, and then are cut off.
    package func stop() async {
        guard stopped.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return }
        let socket = MHD_quiesce_daemon(daemon.pointer)
        await context.endUpgraded()
        await context.drain()
        let daemon = daemon
        let context = context
        await withCheckedContinuation { continuation in
            // It joins the server's thread. A queue of its own gets a thread at once, the global one has a few for all.
            DispatchQueue(label: "altp.http.stop").async {
                MHD_stop_daemon(daemon.pointer)
                if socket >= 0 { close(socket) }
                daemon.sink.deallocate()
                Unmanaged.passUnretained(context).release()
                continuation.resume()
            }
        }
    }
}

/// The library's functions on a daemon may be called from any thread.
private struct DaemonHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let sink: UnsafeMutablePointer<altp_mhd_log_sink>
}

private func address<Function>(of function: Function) -> Int { unsafeBitCast(function, to: Int.self) }
