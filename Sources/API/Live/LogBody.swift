import Synchronization

/// An attempt's log as the body of an answer, byte for byte, as it grows until the attempt has ended.
final class LogBody: StreamedBody {
    private struct State {
        var pending: ArraySlice<UInt8> = []
        var isLast = false
        var hasFailed = false
        var isStopping = false
        /// Bytes that are still to be sent, where the client wants so many.
        var left: Int64
        var isAsked = false
        var waker: StreamWaker?
    }

    private let tail: LogTail
    private let state: Mutex<State>
    private let isOver: @Sendable () -> Void

    /// - Parameter limit: at most so many bytes.
    init(_ tail: LogTail, limit: Int64 = .max, isOver: @escaping @Sendable () -> Void) {
        self.tail = tail
        self.isOver = isOver
        state = Mutex(State(left: limit))
    }

    func begin(_ waker: StreamWaker) { state.withLock { $0.waker = waker } }

    func end() {
        tail.end()
        isOver()
    }

    func stop() {
        let waker = state.withLock { state in
            state.isStopping = true
            return state.waker
        }
        waker?.wake()
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> StreamPiece {
        let (piece, asks) = state.withLock { state -> (StreamPiece, Bool) in
            if !state.pending.isEmpty {
                let count = min(state.pending.count, buffer.count)
                state.pending.prefix(count).withUnsafeBytes {
                    buffer.copyMemory(from: $0)
                }
                state.pending = state.pending.dropFirst(count)
                return (.bytes(count), false)
            }
            if state.left == 0 || state.isLast { return (.end, false) }
            // Not all of it: a client that knows how to goes on from where it is.
            if state.hasFailed || state.isStopping { return (.failure, false) }
            defer { state.isAsked = true }
            return (.later, !state.isAsked)
        }
        if asks { ask() }
        return piece
    }

    private func ask() {
        tail.next { [weak self] piece in
            guard let self else { return }
            let waker = state.withLock { state in
                state.isAsked = false
                if let piece {
                    let bytes = piece.bytes.prefix(Int(clamping: state.left))
                    state.left -= Int64(bytes.count)
                    state.pending = bytes
                    state.isLast = piece.isLast
                } else {
                    state.hasFailed = true
                }
                return state.waker
            }
            waker?.wake()
        }
    }
}
