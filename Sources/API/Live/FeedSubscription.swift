import Dispatch
import Synchronization
import Wire

/// A client of the stream. It holds a place, and no more bytes than a part of one message or one page of the table.
final class FeedSubscription: StreamedBody {
    private enum Place {
        /// Among the newest messages.
        case ring(Int)
        /// It reads the table, because what comes next is older than those.
        case table(isReading: Bool)
    }

    private enum Tail {
        /// More is waited for.
        case asked
        /// To be sent next.
        case ready([UInt8], isLast: Bool)
        case over
    }

    private struct State {
        var place: Place = .table(isReading: false)
        /// The last change that was sent, or passed because it is of no interest.
        var last: Int64
        /// To be sent before anything else.
        var pending: ArraySlice<UInt8>
        var tails: [Tail]
        var isParked = false
        var isBeatDue = false
        var isStopping = false
        /// The table could not be read.
        var hasFailed = false
        /// Nanoseconds of uptime.
        var sentAt = DispatchTime.now().uptimeNanoseconds
        var waker: StreamWaker?
        /// To be told that the feed has grown by this one, as soon as it is read.
        var others: ArraySlice<FeedSubscription> = []

        /// It reads the table.
        var isBehind: Bool { if case .ring = place { false } else { true } }
    }

    private let feed: Feed
    private let filter: FeedFilter
    private let tails: [LogTail]
    private let state: Mutex<State>

    init(feed: Feed, filter: FeedFilter, start: FeedStart, tails: [LogTail]) {
        self.feed = feed
        self.filter = filter
        self.tails = tails
        state = Mutex(
            State(
                last: start.id, pending: (ServerSentEvent.retry + start.bytes)[...],
                tails: tails.map { _ in .asked }))
    }

    func begin(_ waker: StreamWaker) {
        state.withLock { $0.waker = waker }
        for index in tails.indices { askTail(index) }
    }

    func end() {
        tellOthers()
        feed.end(self)
        for tail in tails { tail.end() }
    }

    /// After what is committed already, such as that the Launcher stops.
    func stop() {
        feed.afterWhatIsCommitted { [weak self] in self?.wake { $0.isStopping = true } }
    }

    // MARK: The server's side

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> StreamPiece {
        tellOthers()
        var asked: [Int] = []
        let piece = state.withLock { state in
            var filled = 0
            while filled < buffer.count {
                if !state.pending.isEmpty {
                    let count = min(state.pending.count, buffer.count - filled)
                    state.pending.prefix(count).withUnsafeBytes {
                        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: $0)
                    }
                    state.pending = state.pending.dropFirst(count)
                    filled += count
                } else if state.hasFailed || state.isStopping && state.isBehind {
                    break
                } else {
                    let count = fill(
                        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), &state)
                    filled += count
                    guard count == 0, state.pending.isEmpty else { continue }
                    if state.isStopping || !takeTail(&state, &asked) { break }
                }
            }
            if filled > 0 {
                state.sentAt = DispatchTime.now().uptimeNanoseconds
                return StreamPiece.bytes(filled)
            }
            if state.isStopping { return .end }
            if state.hasFailed { return .failure }
            state.isParked = true
            return .later
        }
        for index in asked { askTail(index) }
        return piece
    }

    /// Puts messages of the feed into the buffer.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer, _ state: inout State) -> Int {
        if case .table(let isReading) = state.place {
            guard !isReading else { return beat(&state) }
            if let place = feed.place(after: state.last) {
                state.place = .ring(place)
            } else {
                state.place = .table(isReading: true)
                readPage(after: state.last)
                return 0
            }
        }
        guard case .ring(var place) = state.place else { return 0 }
        guard let (count, rest) = feed.copy(filter, from: &place, last: &state.last, into: buffer) else {
            state.place = .table(isReading: false)
            return fill(buffer, &state)
        }
        state.place = .ring(place)
        state.pending = rest
        return count > 0 ? count : beat(&state)
    }

    private func beat(_ state: inout State) -> Int {
        if state.isBeatDue {
            state.isBeatDue = false
            state.pending = ServerSentEvent.heartbeat[...]
        }
        return 0
    }

    // MARK: The feed's side

    /// Changes under the lock, and has the connection ask when it waits.
    private func wake(_ change: (inout State) -> Void) {
        let waker = state.withLock { state -> StreamWaker? in
            change(&state)
            guard state.isParked else { return nil }
            state.isParked = false
            return state.waker
        }
        waker?.wake()
    }

    /// Wakes those that wait for what there is now.
    ///
    /// The library looks through all connections that wait whenever one is woken. So the first is woken, and on the library's
    /// own thread wakes the others, which it then finds at one look.
    static func feedHasGrown(for subscriptions: ArraySlice<FeedSubscription>) {
        for (index, subscription) in zip(subscriptions.indices, subscriptions)
        where subscription.feedHasGrown(telling: subscriptions[(index + 1)...]) { return }
    }

    /// - Returns: false when it need not be woken; then it tells nobody.
    private func feedHasGrown(telling others: ArraySlice<FeedSubscription> = []) -> Bool {
        let waker = state.withLock { state -> StreamWaker? in
            guard state.isParked, case .ring(var place) = state.place else { return nil }
            let hasMore = feed.hasMore(filter, at: &place, last: &state.last)
            state.place = .ring(place)
            guard hasMore else { return nil }
            state.isParked = false
            state.others += others
            return state.waker
        }
        waker?.wake()
        return waker != nil
    }

    private func tellOthers() {
        let others = state.withLock { state in
            defer { state.others = [] }
            return state.others
        }
        for other in others { _ = other.feedHasGrown() }
    }

    func beat(ifSilentSince time: UInt64) {
        guard state.withLock({ $0.isParked && $0.sentAt < time }) else { return }
        wake { $0.isBeatDue = true }
    }

    private func readPage(after id: Int64) {
        feed.readPage(filter, after: id) { [weak self] page in
            self?.wake { state in
                state.place = .table(isReading: false)
                switch page {
                case .messages(let bytes, let last):
                    state.pending = bytes[...]
                    state.last = last
                case .gap(let start):
                    state.pending = start.bytes[...]
                    state.last = start.id
                case .failure: state.hasFailed = true
                }
            }
        }
    }

    // MARK: Logs

    /// Takes what is ready of a log to be sent next.
    private func takeTail(_ state: inout State, _ asked: inout [Int]) -> Bool {
        for index in state.tails.indices {
            guard case .ready(let bytes, let isLast) = state.tails[index] else { continue }
            state.pending = bytes[...]
            state.tails[index] = isLast ? .over : .asked
            if !isLast { asked.append(index) }
            return true
        }
        return false
    }

    private func askTail(_ index: Int) {
        let tail = tails[index]
        tail.next { [weak self] piece in
            self?.wake { state in
                guard let piece else {
                    state.tails[index] = .over
                    return
                }
                let bytes = (try? ServerSentEvent.message("log", LogPieceView(piece, of: tail.reference))) ?? []
                state.tails[index] = .ready(bytes, isLast: piece.isLast)
            }
        }
    }
}
