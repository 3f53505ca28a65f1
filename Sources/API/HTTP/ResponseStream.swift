import CMicroHTTPD
import Dispatch
import Glibc
import Synchronization

/// An answer's body that is written as it is sent, through a pipe: who writes faster than the client reads waits.
package final class ResponseStream: Sendable, Hashable {
    /// The end that is read; it does not block.
    let descriptor: Int32
    private let hasSucceeded = Atomic(false)
    private let isOver: @Sendable () -> Void

    /// - Parameters:
    ///   - write: writes all of it to this descriptor, on a thread of its own, and says whether it is complete. When the
    ///     client has gone, writing fails with `EPIPE`.
    ///   - isOver: called when both sides are done.
    /// - Returns: nil when there is no pipe to be had.
    package init?(
        write: @escaping @Sendable (Int32) -> Bool, isOver: @escaping @Sendable () -> Void
    ) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        descriptor = ends[0]
        self.isOver = isOver
        let output = ends[1]
        DispatchQueue(label: "altp.http.stream").async { [self] in
            // Before the end of the stream can be read.
            hasSucceeded.store(write(output), ordering: .releasing)
            close(output)
        }
    }

    deinit {
        close(descriptor)
        isOver()
    }

    package static func == (left: ResponseStream, right: ResponseStream) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    enum Piece {
        case bytes(Int)
        case later
        case end
        /// It is not complete.
        case failure
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Piece {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return hasSucceeded.load(ordering: .acquiring) ? .end : .failure }
            if errno == EAGAIN { return .later }
            if errno != EINTR { return .failure }
        }
    }
}

/// A stream on its way to a client. The library calls on its one thread.
final class StreamedAnswer: @unchecked Sendable {
    private let stream: ResponseStream
    private let connection: OpaquePointer
    private let server: ServerContext
    private let socket: Int32

    init(_ stream: ResponseStream, over connection: OpaquePointer, of server: ServerContext) {
        self.stream = stream
        self.connection = connection
        self.server = server
        socket = altp_mhd_connection_descriptor(connection)
        // The server's stop does not wait for slow clients.
        server.enter(socket)
    }

    deinit { server.leave(socket) }

    /// - Returns: what MHD_ContentReaderCallback returns.
    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch stream.read(buffer) {
        case .bytes(let count): return count
        case .end: return Self.endOfStream
        case .failure: return Self.endWithError
        case .later:
            MHD_suspend_connection(connection)
            let source = DispatchSource.makeReadSource(
                fileDescriptor: stream.descriptor, queue: DispatchQueue.global())
            source.setEventHandler { [self] in
                source.cancel()
                MHD_resume_connection(connection)
            }
            source.activate()
            return 0
        }
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
    if let pointer { Unmanaged<StreamedAnswer>.fromOpaque(pointer).release() }
}
