import Dispatch
import Launcher
import Store
import Synchronization
import Wire

/// Tells subscribers what happens. Changes are read from the store's table once for all who follow, after the commit that
/// wrote them, and encoded once; while nobody follows, nothing is read.
///
/// A subscriber has a place among the newest messages, which all share. One that falls behind them reads the table for
/// itself, beside the others, until it has caught up.
final class Feed: Sendable {
    private struct State {
        /// Nil while nobody follows.
        var ring: FeedRing?
        var subscribers: [ObjectIdentifier: FeedSubscription] = [:]
        /// Others that follow.
        var holds = 0
        /// Asked for or under way.
        var isRoundDue = false
        var lastRound = DispatchTime(uptimeNanoseconds: 1)
        var signals: [ProgressSignal] = []
        var heartbeat: (any DispatchSourceTimer)?
    }

    /// Changes that are at hand from the start for one who resumes: after a restart everybody does.
    private static let prefill: Int64 = 1000
    private static let rowsAtOnce = 500
    /// Rows that one who has fallen behind gets at once.
    private static let rowsOfPage = 128
    private static let mostSignals = 10_000
    /// Subscribers that are woken at the same time, and the milliseconds until the next of them are: together less than
    /// `interval`.
    private static let toldAtOnce = 16
    private static let turn = 10
    /// A silent subscriber hears of the Launcher after two to three of these.
    private static let heartbeatInterval = DispatchTimeInterval.seconds(5)

    private let store: Store
    private let log: @Sendable (String) -> Void
    /// Called with each attempt that has ended, on the feed's queue.
    private let attemptEnded: @Sendable (Reference) -> Void
    /// Where everybody's changes are read, and where one's own are.
    private let queue = DispatchQueue(label: "altp.feed")
    private let pages = DispatchQueue(label: "altp.feed.pages")
    private let reader = Mutex<ChangeReader?>(nil)
    private let pageReader = Mutex<ChangeReader?>(nil)
    private let state = Mutex(State())
    private let isFollowed = Atomic(false)

    init(
        launcher: Launcher, log: @escaping @Sendable (String) -> Void,
        attemptEnded: @escaping @Sendable (Reference) -> Void
    ) {
        store = launcher.store
        self.log = log
        self.attemptEnded = attemptEnded
        store.onChanges { [weak self] in self?.changed() }
        launcher.signals.onProgress { [weak self] in self?.take($0) }
    }

    // MARK: What happens

    /// On the writer's thread.
    private func changed() {
        if isFollowed.load(ordering: .acquiring) { scheduleRound() }
    }

    private func take(_ signal: ProgressSignal) {
        guard isFollowed.load(ordering: .acquiring) else { return }
        state.withLock { if $0.signals.count < Self.mostSignals { $0.signals.append(signal) } }
        scheduleRound()
    }

    /// The more subscribers, the more changes each is told of at once: a round costs something for each of them, and the
    /// Scripts that are to start meanwhile do not wait for it.
    private static func interval(_ subscribers: Int) -> DispatchTimeInterval {
        .milliseconds(min(subscribers * 2 / 3, 1000))
    }

    private func scheduleRound() {
        let time: DispatchTime? = state.withLock { state in
            guard !state.isRoundDue else { return nil }
            state.isRoundDue = true
            return state.lastRound + Self.interval(state.subscribers.count)
        }
        guard let time else { return }
        if time <= .now() { queue.async { self.round() } } else { queue.asyncAfter(deadline: time) { self.round() } }
    }

    /// Takes what is new and tells everybody. On the queue.
    private func round() {
        let (signals, isFollowed) = state.withLock { state in
            // What is committed from here on needs another round.
            state.isRoundDue = false
            state.lastRound = .now()
            defer { state.signals = [] }
            return (state.signals, state.ring != nil)
        }
        guard isFollowed else { return }
        do {
            try readChanges()
        } catch {
            log("stream: reading the changes: \(error)")
            queue.asyncAfter(deadline: .now() + .seconds(1)) { self.scheduleRound() }
        }
        tell(signals.compactMap(frame { try FeedFrame($0) }))
    }

    private func frame<Source>(_ make: @escaping (Source) throws -> FeedFrame) -> (Source) -> FeedFrame? {
        { source in
            do {
                return try make(source)
            } catch {
                self.log("stream: a change cannot be told: \(error)")
                return nil
            }
        }
    }

    /// Reads the changes after those that are known, in pieces. On the queue.
    private func readChanges() throws(StoreError) {
        while true {
            guard let last = state.withLock({ $0.ring?.last }) else { return }
            let rows = try read(reader) { reader throws(StoreError) in
                try reader.changes(after: last, limit: Self.rowsAtOnce)
            }
            tell(rows.compactMap(frame { try FeedFrame($0) }))
            for row in rows where row.change.topic == .attempts && row.change.kind != .started {
                guard let id = row.change.processing, let script = row.change.script else { continue }
                attemptEnded(Reference(processing: id, script: script, attempt: row.change.number))
            }
            guard let newest = rows.last?.change.id else { return }
            // One that could not be told is passed all the same.
            state.withLock { $0.ring?.pass(newest) }
            if rows.count < Self.rowsAtOnce { return }
        }
    }

    /// Runs the body once everybody can be told of all that is committed now.
    func afterWhatIsCommitted(_ body: @escaping @Sendable () -> Void) {
        queue.async {
            try? self.readChanges()
            body()
        }
    }

    private func tell(_ frames: [FeedFrame]) {
        guard !frames.isEmpty else { return }
        let subscribers = state.withLock { state in
            for frame in frames { state.ring?.append(frame) }
            return Array(state.subscribers.values)
        }
        // A few at a time: the one thread that sends to them has other requests to answer in between.
        for (turn, start) in stride(from: 0, to: subscribers.count, by: Self.toldAtOnce).enumerated() {
            let part = subscribers[start..<min(start + Self.toldAtOnce, subscribers.count)]
            guard turn > 0 else {
                FeedSubscription.feedHasGrown(for: part)
                continue
            }
            queue.asyncAfter(deadline: .now() + .milliseconds(turn * Self.turn)) {
                FeedSubscription.feedHasGrown(for: part)
            }
        }
    }

    private func read<Value>(
        _ reader: borrowing Mutex<ChangeReader?>, _ body: (ChangeReader) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let open = reader.withLock { $0 }
        if let open { return try body(open) }
        let new = try store.changeReader()
        reader.withLock { $0 = new }
        return try body(new)
    }

    // MARK: Who follows

    /// - Parameter after: the id of the last change that the subscriber knows; nil to begin with what comes next.
    func subscribe(_ filter: FeedFilter, after: Int64?, tails: [LogTail]) async throws(StoreError) -> FeedSubscription {
        let result: Result<FeedSubscription, StoreError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result { () throws(StoreError) in
                        try self.subscribeNow(filter, after: after, tails: tails)
                    })
            }
        }
        return try result.get()
    }

    private func subscribeNow(
        _ filter: FeedFilter, after: Int64?, tails: [LogTail]
    ) throws(StoreError) -> FeedSubscription {
        try follow(prefill: after == nil ? 0 : Self.prefill)
        do throws(StoreError) {
            try readChanges()
            let bounds = try read(reader) { reader throws(StoreError) in try reader.bounds() }
            let last = state.withLock { $0.ring?.last ?? 0 }
            let start = FeedStart(after: after, kept: bounds, last: last)
            let subscription = FeedSubscription(feed: self, filter: filter, start: start, tails: tails)
            state.withLock { state in
                state.subscribers[ObjectIdentifier(subscription)] = subscription
                state.holds -= 1
                if state.heartbeat == nil { state.heartbeat = startHeartbeat() }
            }
            return subscription
        } catch {
            release()
            throw error
        }
    }

    func end(_ subscription: FeedSubscription) {
        state.withLock { _ = $0.subscribers.removeValue(forKey: ObjectIdentifier(subscription)) }
        dropIfIdle()
    }

    /// Follows without being told, but of attempts that end, until `release`.
    func hold() async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { () throws(StoreError) in try self.follow(prefill: 0) })
            }
        }
        try result.get()
    }

    func release() {
        state.withLock { $0.holds -= 1 }
        dropIfIdle()
    }

    /// Begins to read changes, unless that is done already. On the queue.
    private func follow(prefill: Int64) throws(StoreError) {
        let isFirst = state.withLock { state in
            state.holds += 1
            return state.ring == nil
        }
        guard isFirst else { return }
        do throws(StoreError) {
            isFollowed.store(true, ordering: .sequentiallyConsistent)
            let bounds = try read(reader) { reader throws(StoreError) in try reader.bounds() }
            let start = bounds.map { max($0.lowerBound - 1, $0.upperBound - prefill) } ?? 0
            state.withLock { $0.ring = FeedRing(after: start) }
            try readChanges()
        } catch {
            release()
            throw error
        }
    }

    private func dropIfIdle() {
        state.withLock { state in
            guard state.subscribers.isEmpty, state.holds == 0 else { return }
            isFollowed.store(false, ordering: .sequentiallyConsistent)
            state.ring = nil
            state.signals = []
            state.heartbeat?.cancel()
            state.heartbeat = nil
        }
    }

    private func startHeartbeat() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(
            deadline: .now() + Self.heartbeatInterval, repeating: Self.heartbeatInterval, leeway: .milliseconds(500))
        timer.setEventHandler { [weak self] in
            guard let self else { return }
            let limit = DispatchTime.now().uptimeNanoseconds - 9_500_000_000
            for subscriber in self.state.withLock({ Array($0.subscribers.values) }) {
                subscriber.beat(ifSilentSince: limit)
            }
        }
        timer.activate()
        return timer
    }

    // MARK: For subscribers

    /// Copies messages into the buffer, as many as fit, and moves the place on.
    ///
    /// - Returns: how many bytes, and what is left of a message that did not fit; nil when those at the place are no longer
    ///   at hand.
    func copy(
        _ filter: FeedFilter, from place: inout Int, last: inout Int64, into buffer: UnsafeMutableRawBufferPointer
    ) -> (count: Int, rest: ArraySlice<UInt8>)? {
        state.withLock { state in
            guard let ring = state.ring, place >= ring.first else { return nil }
            var count = 0
            var rest: ArraySlice<UInt8> = []
            while place < ring.end, count < buffer.count {
                let frame = ring[place]
                place += 1
                guard filter.matches(frame) else { continue }
                let fitting = min(frame.bytes.count, buffer.count - count)
                frame.bytes.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<fitting]))
                }
                count += fitting
                rest = frame.bytes[fitting...]
            }
            last = max(last, ring.id(before: place))
            return (count, rest)
        }
    }

    /// Whether something is there for a subscriber; moves its place over what is not.
    func hasMore(_ filter: FeedFilter, at place: inout Int, last: inout Int64) -> Bool {
        state.withLock { state in
            guard let ring = state.ring, place >= ring.first else { return true }
            defer { last = max(last, ring.id(before: place)) }
            while place < ring.end {
                if filter.matches(ring[place]) { return true }
                place += 1
            }
            return false
        }
    }

    /// The place of what comes after a change, where all of that is at hand.
    func place(after id: Int64) -> Int? { state.withLock { $0.ring?.place(after: id) } }

    /// What one who has fallen behind gets next.
    enum Page: Sendable {
        /// Up to a change; nothing of it need be of interest.
        case messages([UInt8], last: Int64)
        /// What comes next is not kept any more.
        case gap(FeedStart)
        case failure
    }

    func readPage(_ filter: FeedFilter, after id: Int64, _ take: @escaping @Sendable (Page) -> Void) {
        pages.async { take(self.page(filter, after: id)) }
    }

    private func page(_ filter: FeedFilter, after id: Int64) -> Page {
        do {
            let (rows, bounds) = try read(pageReader) { reader throws(StoreError) in
                // In this order: what is removed in between is found missing.
                let rows = try reader.changes(after: id, limit: Self.rowsOfPage)
                return (rows, try reader.bounds())
            }
            if let bounds, id < bounds.lowerBound - 1 {
                return .gap(FeedStart(after: id, kept: bounds, last: state.withLock { $0.ring?.last ?? 0 }))
            }
            var bytes: [UInt8] = []
            for row in rows {
                guard let frame = frame({ try FeedFrame($0) })(row), filter.matches(frame) else { continue }
                bytes += frame.bytes
            }
            return .messages(bytes, last: rows.last?.change.id ?? id)
        } catch {
            log("stream: reading the changes: \(error)")
            return .failure
        }
    }
}

/// Where a subscription begins.
struct FeedStart: Sendable, Hashable {
    /// The changes after this one are told.
    var id: Int64
    /// What it is told first.
    var message: Message

    enum Message: Sendable, Hashable {
        case ready
        /// The changes after the one that it asked for are not all kept; the oldest that are begin with this one.
        case reset(after: Int64, oldest: Int64)
    }

    /// - Parameters:
    ///   - after: the last change that the subscriber knows.
    ///   - kept: those that there are.
    ///   - last: the newest that is told of; more may be kept already.
    init(after: Int64?, kept: ClosedRange<Int64>?, last: Int64) {
        guard let after else {
            (id, message) = (last, .ready)
            return
        }
        // An id from the future is another database's.
        if after <= last, after >= (kept?.lowerBound ?? 1) - 1 {
            (id, message) = (after, .ready)
        } else {
            (id, message) = (last, .reset(after: after, oldest: kept?.lowerBound ?? last))
        }
    }

    var bytes: [UInt8] {
        let (event, view) =
            switch message {
            case .ready: ("ready", StreamPositionView(id: id))
            case .reset(let after, let oldest): ("reset", StreamPositionView(id: id, after: after, oldest: oldest))
            }
        // Numbers can always be encoded.
        return (try? ServerSentEvent.message(event, id: id, view)) ?? []
    }
}
