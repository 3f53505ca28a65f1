import CLinux
import Dispatch
import Glibc
import Synchronization

/// A body that a thread of its own writes into a pipe: who writes faster than the client reads waits.
final class PipedBody: StreamedBody {
    /// The end that is read; it does not block.
    private let descriptor: Int32
    private let hasSucceeded = Atomic(false)
    private let waker = Mutex<StreamWaker?>(nil)
    /// Its own, so that it always gets a thread: the global queue has a few for all.
    private let waiting = DispatchQueue(label: "altp.http.stream.wait")
    private let isOver: @Sendable () -> Void

    /// - Parameters:
    ///   - write: writes all of it to this descriptor, and says whether it is complete. When the client has gone, writing
    ///     fails with `EPIPE`.
    ///   - isOver: called when both sides are done.
    /// - Returns: nil when there is no pipe to be had.
    init?(write: @escaping @Sendable (Int32) -> Bool, isOver: @escaping @Sendable () -> Void) {
        var ends: [Int32] = [-1, -1]
        // At once: a process that is started in between would hold the end that is written, and the reader wait for its end.
        guard altp_pipe(&ends) == 0 else { return nil }
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

    func begin(_ waker: StreamWaker) { self.waker.withLock { $0 = waker } }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> StreamPiece {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return hasSucceeded.load(ordering: .acquiring) ? .end : .failure }
            if errno == EAGAIN { break }
            if errno != EINTR { return .failure }
        }
        // No dispatch source: it leaves its epoll set some time after its cancel. A descriptor that is closed by then leaves a
        // registration behind where a process that is just being started has a copy of the pipe, and libdispatch an event
        // of memory that is free.
        waiting.async { [self] in
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&entry, 1, -1) < 0, errno == EINTR {}
            waker.withLock { $0 }?.wake()
        }
        return .later
    }

    /// What is written is worth its while: the server cuts it off if it takes longer than a moment.
    func stop() {}

    func end() {}
}

extension ResponseStream {
    /// A body that is written on a thread of its own, see `PipedBody`.
    package convenience init?(
        size: Int64? = nil, write: @escaping @Sendable (Int32) -> Bool, isOver: @escaping @Sendable () -> Void
    ) {
        guard let body = PipedBody(write: write, isOver: isOver) else { return nil }
        self.init(body, size: size)
    }
}
