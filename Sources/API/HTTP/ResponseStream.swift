import CMicroHTTPD
import Glibc
import Synchronization

/// A part of a body, as it is asked for.
package enum StreamPiece: Sendable, Hashable {
    /// So many bytes were put into the buffer; at least one.
    case bytes(Int)
    /// There is none now. The waker that was given is called when there is.
    case later
    case end
    /// It is not complete, and never will be: the client gets to know.
    case failure
}

/// An answer's body that is made as it is sent.
package protocol StreamedBody: AnyObject, Sendable {
    /// Called once, before anything is read.
    func begin(_ waker: StreamWaker)
    /// Fills the buffer with what there is. Called on the server's one thread, so it must not block.
    func read(_ buffer: UnsafeMutableRawBufferPointer) -> StreamPiece
    /// The server stops: the body should come to its end at once. One that does not is cut off after a moment.
    func stop()
    /// Nothing is read any more: all is sent, or the client has gone.
    func end()
}

/// A body that is made as it is sent, in an answer.
package final class ResponseStream: Sendable, Hashable {
    package let body: any StreamedBody
    /// Of the body in bytes; nil when it is not known.
    package let size: Int64?

    package init(_ body: any StreamedBody, size: Int64? = nil) {
        self.body = body
        self.size = size
    }

    /// Also where the client had gone before the answer was begun.
    deinit { body.end() }

    package static func == (left: ResponseStream, right: ResponseStream) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Has a body's connection ask for more. It may be called at any time, from any thread, as often as one likes.
package final class StreamWaker: Sendable {
    private enum State: Sendable {
        /// The library asks, or will ask, of its own accord.
        case running
        /// There was more before the connection had come to wait for it.
        case woken
        case suspended
    }

    private let state = Mutex(State.running)
    private let resume: @Sendable () -> Void

    /// - Parameter resume: makes a suspended connection ask again.
    package init(resume: @escaping @Sendable () -> Void) { self.resume = resume }

    package func wake() {
        let isSuspended = state.withLock { state in
            defer { state = state == .suspended ? .running : .woken }
            return state == .suspended
        }
        // A suspended connection lives until it is resumed.
        if isSuspended { resume() }
    }

    /// The body is about to be read.
    func reads() { state.withLock { $0 = .running } }

    /// The connection has been suspended, because there was nothing to read.
    func suspended() {
        let isWoken = state.withLock { state in
            defer { state = state == .woken ? .running : .suspended }
            return state == .woken
        }
        if isWoken { resume() }
    }
}

/// A stream on its way to a client. The library calls on its one thread.
final class StreamedAnswer: Sendable {
    private let stream: ResponseStream
    private let connection: Connection
    private let server: ServerContext
    private let socket: Int32
    private let waker: StreamWaker
    private let isGone = Atomic(false)

    /// A suspended connection may be resumed from any thread.
    private struct Connection: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    init(_ stream: ResponseStream, over connection: OpaquePointer, of server: ServerContext) {
        self.stream = stream
        let connection = Connection(pointer: connection)
        self.connection = connection
        self.server = server
        socket = altp_mhd_connection_descriptor(connection.pointer)
        waker = StreamWaker { MHD_resume_connection(connection.pointer) }
        stream.body.begin(waker)
        // The server's stop does not wait for slow clients.
        server.enter(socket, stream: stream)
        server.watch.add(self, on: socket)
    }

    /// Nothing will be read any more.
    func end() {
        server.watch.remove(self)
        server.leave(socket, stream: stream)
    }

    /// - Returns: what MHD_ContentReaderCallback returns.
    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        waker.reads()
        if isGone.load(ordering: .relaxed) { return Self.endWithError }
        switch stream.body.read(buffer) {
        case .bytes(let count): return count
        case .end: return Self.endOfStream
        case .failure: return Self.endWithError
        case .later:
            MHD_suspend_connection(connection.pointer)
            waker.suspended()
            return 0
        }
    }

    /// The client has gone: a suspended connection does not see that for itself.
    func hangUp() {
        isGone.store(true, ordering: .relaxed)
        waker.wake()
    }

    // MHD_CONTENT_READER_END_OF_STREAM and MHD_CONTENT_READER_END_WITH_ERROR.
    private static let endOfStream = -1
    private static let endWithError = -2
}

let streamReadCallback: @convention(c) (UnsafeMutableRawPointer?, UInt64, UnsafeMutablePointer<CChar>?, Int) -> Int = {
    pointer, _, buffer, size in
    guard let pointer, let buffer else { return -2 }
    return Unmanaged<StreamedAnswer>.fromOpaque(pointer).takeUnretainedValue()
        .read(UnsafeMutableRawBufferPointer(start: buffer, count: size))
}

let streamEndCallback: @convention(c) (UnsafeMutableRawPointer?) -> Void = { pointer in
    guard let pointer else { return }
    let answer = Unmanaged<StreamedAnswer>.fromOpaque(pointer).takeRetainedValue()
    answer.end()
}
