import CMicroHTTPD
import Glibc
import Synchronization
import Wire

// The functions that libmicrohttpd calls, all on its one thread. They capture nothing: the closure pointer is the
// server's context, the request's pointer its own context, both retained for as long as the library knows them.

private func server(_ pointer: UnsafeMutableRawPointer?) -> ServerContext {
    Unmanaged<ServerContext>.fromOpaque(pointer!).takeUnretainedValue()
}

private func httpConnection(_ connection: OpaquePointer?) -> HTTPConnection? {
    guard let pointer = altp_mhd_socket_context(connection) else { return nil }
    return Unmanaged<HTTPConnection>.fromOpaque(pointer).takeUnretainedValue()
}

/// May be handed to the task that runs the handler: a suspended connection lives until it is resumed,
/// and MHD_resume_connection may be called from any thread.
private struct SuspendedConnection: @unchecked Sendable {
    let pointer: OpaquePointer

    func resume() { MHD_resume_connection(pointer) }
}

/// Takes a line of the library's, formatted and ended by a NUL.
let logCallback: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void = { context, line in
    guard let line else { return }
    // It may quote what a client sent.
    let printable = String(cString: line).unicodeScalars.map { (" "..."~").contains($0) ? Character($0) : " " }
    server(context).complain(String(printable))
}

let connectionCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_ConnectionNotificationCode
    ) -> Void = { context, connection, slot, event in
        guard let slot else { return }
        let server = server(context)
        if event == .CONNECTION_NOTIFY_STARTED {
            let descriptor = altp_mhd_connection_descriptor(connection)
            let peer: Peer? =
                switch server.door.kind {
                case .unixSocket: PeerCredentials(descriptor: descriptor).map(Peer.local)
                case .loopback, .network: RemoteAddress(descriptor: descriptor).map(Peer.remote)
                }
            let state = HTTPConnection(peer: peer, door: server.door, census: server.census)
            if let share = peer.flatMap(server.share), !state.join(share) {
                // The library then reads the end of the stream and closes the connection.
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
            server.open?.enter(descriptor, state)
            slot.pointee = Unmanaged.passRetained(state).toOpaque()
        } else if let pointer = slot.pointee {
            let state = Unmanaged<HTTPConnection>.fromOpaque(pointer).takeRetainedValue()
            server.open?.leave(altp_mhd_connection_descriptor(connection), state)
            state.end()
            slot.pointee = nil
        }
    }

let targetCallback:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
        context, target, _ in
        // Bytes that are no UTF-8 become an empty target, which is refused as malformed.
        let text = target.flatMap { String(validatingCString: $0) } ?? ""
        return Unmanaged.passRetained(RequestContext(target: text, bodyLimit: server(context).limits.body)).toOpaque()
    }

let completedCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_RequestTerminationCode
    ) -> Void = { context, connection, slot, _ in
        httpConnection(connection)?.note(.answered)
        guard let slot, let pointer = slot.pointee else { return }
        let request = Unmanaged<RequestContext>.fromOpaque(pointer).takeRetainedValue()
        slot.pointee = nil
        if request.counted.load(ordering: .relaxed) { server(context).end() }
    }

let requestCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
        UnsafePointer<CChar>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result = { context, connection, _, method, _, upload, uploadSize, slot in
        guard let connection, let method, let uploadSize, let pointer = slot?.pointee else { return .NO }
        let request = Unmanaged<RequestContext>.fromOpaque(pointer).takeUnretainedValue()
        let exchange = Exchange(
            server: server(context), request: request, connection: connection,
            method: String(cString: method))
        let chunk = UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
        uploadSize.pointee = 0
        return exchange.advance(with: chunk)
    }

/// The answer that changes the protocol has been sent.
private let upgradeCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int, Int32,
        OpaquePointer?
    ) -> Void = { context, _, pointer, early, earlyCount, descriptor, handle in
        guard let pointer, let handle else { return }
        let request = Unmanaged<RequestContext>.fromOpaque(pointer).takeUnretainedValue()
        let bytes = Array(UnsafeRawBufferPointer(start: early, count: earlyCount))
        let upgraded = UpgradedConnection(
            descriptor: descriptor, early: bytes, handle: handle, server: server(context))
        request.upgrade.withLock { $0 }?.begin(upgraded)
    }

/// A body that the library sends from where it is: many answers may be of the same.
private final class HeldBody {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func message() -> OpaquePointer? {
        // An array's elements stay in their place while somebody holds it and nobody changes it.
        let place = bytes.withUnsafeBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
        let holder = Unmanaged.passRetained(self)
        let message = MHD_create_response_from_buffer_with_free_callback_cls(
            bytes.count, place, { Unmanaged<HeldBody>.fromOpaque($0!).release() }, holder.toOpaque())
        if message == nil { holder.release() }
        return message
    }
}

/// One call of the library about a request: performs what the request's progress decides.
private struct Exchange {
    let server: ServerContext
    let request: RequestContext
    let connection: OpaquePointer
    let method: String

    func advance(with chunk: UnsafeRawBufferPointer) -> MHD_Result {
        let contentLength = header("Content-Length")
        // Nobody fills the memory with bodies who has not shown a token.
        if server.door.kind != .unixSocket, hasBody, request.progress.withLock({ !$0.hasBegun }),
            !server.isWelcome(header("Authorization"))
        {
            request.progress.withLock { $0.restrict(to: server.limits.anonymousBody) }
        }
        switch request.progress.withLock({ $0.advance(chunk, contentLength: contentLength) }) {
        case .wait: return .YES
        case .handle(let body): return handle(body: body)
        case .answer(let response): return queue(response)
        case .refuse: return queue(.problem(Problems.tooLarge(limit: request.progress.withLock { $0.limit })))
        case .abandon: return .NO
        }
    }

    private func handle(body: [UInt8]) -> MHD_Result {
        guard let target = RequestTarget(parsing: request.target) else {
            return queue(.problem(Problems.malformed("The request's target is malformed.")))
        }
        guard let state = httpConnection(connection), state.peer != nil else {
            return queue(.problem(Problems.forbidden("The kernel does not tell who is connected.")))
        }
        guard server.begin() else {
            return queue(.problem(Problems.unavailable("The Launcher is stopping.")))
        }
        request.counted.store(true, ordering: .relaxed)
        let message = HTTPRequest(
            method: method, path: target.path, query: target.query, headers: headers, body: body)
        switch server.handle(message, over: state) {
        case .now(let response): return queue(response)
        case .later(let make):
            state.note(.handling)
            MHD_suspend_connection(connection)
            let suspended = SuspendedConnection(pointer: connection)
            Task { [request] in
                let response = await make()
                request.progress.withLock { $0.answer(response) }
                suspended.resume()
            }
            return .YES
        }
    }

    private func queue(_ response: HTTPResponse) -> MHD_Result {
        guard let message = message(response) else { return .NO }
        defer { MHD_destroy_response(message) }
        httpConnection(connection)?.note(
            response.upgrade == nil && response.stream == nil ? .answering : .streaming)
        if let upgrade = response.upgrade {
            guard add(.init("Upgrade", upgrade.name), to: message) else { return .NO }
        } else {
            for header in SecurityHeaders.all(for: server.door) where response.header(header.name) == nil {
                guard add(header, to: message) else { return .NO }
            }
        }
        for header in response.headers {
            guard add(header, to: message) else { return .NO }
        }
        return MHD_queue_response(connection, UInt32(response.status), message)
    }

    private func add(_ header: HTTPResponse.Header, to message: OpaquePointer) -> Bool {
        // Refused for a value with control characters, which would let it forge other headers.
        if MHD_add_response_header(message, header.name, header.value) == .YES { return true }
        server.complain("the header \(header.name) of an answer is not valid")
        return false
    }

    private func message(_ response: HTTPResponse) -> OpaquePointer? {
        if let upgrade = response.upgrade {
            request.upgrade.withLock { $0 = upgrade }
            return MHD_create_response_for_upgrade(upgradeCallback, Unmanaged.passUnretained(server).toOpaque())
        }
        if let stream = response.stream {
            let answer = Unmanaged.passRetained(StreamedAnswer(stream, over: connection, of: server)).toOpaque()
            let size = stream.size.map { UInt64($0) } ?? .max
            return MHD_create_response_from_callback(size, 64 << 10, streamReadCallback, answer, streamEndCallback)
        }
        return HeldBody(response.body).message()
    }

    /// RFC 9112, section 6.
    private var hasBody: Bool { header("Content-Length") != nil || header("Transfer-Encoding") != nil }

    private func header(_ name: String) -> String? {
        MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
    }

    private var headers: [String: String] {
        var result: [String: String] = [:]
        withUnsafeMutablePointer(to: &result) { pointer in
            _ = MHD_get_connection_values(
                connection, .HEADER_KIND,
                { context, _, name, value in
                    guard let context, let name, let value else { return .YES }
                    let headers = context.assumingMemoryBound(to: [String: String].self)
                    let key = UnsafeRawBufferPointer(start: name, count: strlen(name)).map(ASCII.lowered)
                    headers.pointee[String(decoding: key, as: UTF8.self)] = String(cString: value)
                    return .YES
                }, pointer)
        }
        return result
    }
}
