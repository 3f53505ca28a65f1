import Dispatch
import FoundationEssentials
import Glibc
import Linux
import Synchronization
import Wire

/// A part of an attempt's log.
struct LogPiece: Sendable, Hashable {
    var offset: Int64
    var bytes: [UInt8]
    /// The attempt has ended, and this is the end of its log.
    var isLast: Bool
}

/// One who follows one log: reads what is there, and then what comes, until the attempt has ended.
final class LogTail: Sendable {
    typealias Take = @Sendable (LogPiece?) -> Void

    let reference: Reference
    private let directory: String
    private let hub: LogHub
    private let limit: Int
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var file: FileDescriptor?
        var offset: Int64
        /// Nothing is written any more.
        var hasEnded: Bool
        var isOver = false
    }

    /// From now on it learns of the attempt's end. Who makes it looks afterwards whether that was before.
    ///
    /// - Parameter limit: most bytes of a piece.
    init(
        _ reference: Reference, directory: String, offset: Int64, limit: Int, hub: LogHub
    ) {
        self.reference = reference
        self.directory = directory
        self.limit = limit
        self.hub = hub
        state = Mutex(State(offset: offset, hasEnded: false))
        hub.add(self)
    }

    /// Asks for more: `take` is called once, from another thread, when there is some; with nil when it cannot be read.
    func next(_ take: @escaping Take) { hub.next(self, take) }

    func end() {
        state.withLock { $0.isOver = true }
        hub.forget(self)
    }

    /// The attempt writes no more.
    func attemptHasEnded() { state.withLock { $0.hasEnded = true } }

    /// On the hub's queue.
    ///
    /// - Returns: nil while there is nothing.
    fileprivate func read() throws(SystemError) -> LogPiece? {
        let (ended, offset, isOver) = state.withLock { ($0.hasEnded, $0.offset, $0.isOver) }
        guard !isOver else { return nil }
        // An attempt that had ended before this writes no more: what is read is all there is.
        var bytes = try bytes(at: offset)
        let isLast = ended && bytes.count < limit
        // A character that is not yet whole is left for the next piece.
        if !isLast, let whole = UTF8Ending.whole(bytes) { bytes.removeLast(bytes.count - whole) }
        guard !bytes.isEmpty || isLast else { return nil }
        state.withLock { $0.offset = offset + Int64(bytes.count) }
        return LogPiece(offset: offset, bytes: bytes, isLast: isLast)
    }

    private func bytes(at offset: Int64) throws(SystemError) -> [UInt8] {
        let (directory, limit) = (directory, limit)
        return try state.withLock { state throws(SystemError) in
            if state.file == nil {
                let folder = try FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                state.file = try LogSlice.openLog(in: folder.raw)
            }
            guard let descriptor = state.file?.raw else { return [] }
            var status = stat()
            try check("fstat", "\(directory)/log") { fstat(descriptor, &status) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw SystemError("read", "\(directory)/log", number: EINVAL)
            }
            let wanted = max(0, min(Int64(limit), Int64(status.st_size) - offset))
            var bytes = [UInt8](repeating: 0, count: Int(wanted))
            let count = try check("pread", "\(directory)/log") {
                bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            }
            bytes.removeLast(bytes.count - count)
            return bytes
        }
    }
}

/// Where a text may be cut.
enum UTF8Ending {
    /// How many bytes there are without the beginning of a character at the end; nil when all are, or when it is no UTF-8
    /// whatever comes.
    static func whole(_ bytes: [UInt8]) -> Int? {
        // The last byte that begins a character, among the four that one can have.
        for back in 1...4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte & 0xE0 == 0xC0 ? 2 : byte & 0xF0 == 0xE0 ? 3 : byte & 0xF8 == 0xF0 ? 4 : 1
            return length > back ? bytes.count - back : nil
        }
        return nil
    }
}

extension LogPieceView {
    init(_ piece: LogPiece, of reference: Reference) {
        let text = String(validating: piece.bytes, as: UTF8.self)
        self.init(
            reference: reference, offset: piece.offset, next: piece.offset + Int64(piece.bytes.count), text: text,
            base64: text == nil ? Data(piece.bytes).base64EncodedString() : nil, ended: piece.isLast)
    }
}

/// Reads the logs that are followed, all on one queue, and looks for more while somebody waits for it.
final class LogHub: Sendable {
    private struct State {
        /// Those who wait, and what to call.
        var waiting: [ObjectIdentifier: (tail: LogTail, take: LogTail.Take)] = [:]
        var tails: [ObjectIdentifier: LogTail] = [:]
        var timer: (any DispatchSourceTimer)?
    }

    private static let interval = DispatchTimeInterval.milliseconds(100)

    private let queue = DispatchQueue(label: "altp.logs")
    private let state = Mutex(State())
    private let log: @Sendable (String) -> Void

    init(log: @escaping @Sendable (String) -> Void) { self.log = log }

    fileprivate func add(_ tail: LogTail) { state.withLock { $0.tails[ObjectIdentifier(tail)] = tail } }

    fileprivate func next(_ tail: LogTail, _ take: @escaping LogTail.Take) {
        queue.async { self.serve(tail, take) }
    }

    fileprivate func forget(_ tail: LogTail) {
        state.withLock { state in
            state.waiting[ObjectIdentifier(tail)] = nil
            state.tails[ObjectIdentifier(tail)] = nil
            stopIfIdle(&state)
        }
    }

    /// An attempt has ended: those who follow its log get the rest of it.
    func attemptEnded(_ reference: Reference) {
        let tails = state.withLock { state in state.tails.values.filter { $0.reference == reference } }
        for tail in tails { tail.attemptHasEnded() }
    }

    private func serve(_ tail: LogTail, _ take: @escaping LogTail.Take) {
        do throws(SystemError) {
            if let piece = try tail.read() {
                take(piece)
                return
            }
            state.withLock { state in
                guard state.tails[ObjectIdentifier(tail)] != nil else { return }
                state.waiting[ObjectIdentifier(tail)] = (tail, take)
                if state.timer == nil { state.timer = startTimer() }
            }
        } catch {
            log("following the log of \(tail.reference): \(error)")
            take(nil)
        }
    }

    private func startTimer() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval, leeway: .milliseconds(20))
        timer.setEventHandler { [weak self] in self?.look() }
        timer.activate()
        return timer
    }

    private func look() {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for (tail, take) in waiting { serve(tail, take) }
        state.withLock { stopIfIdle(&$0) }
    }

    private func stopIfIdle(_ state: inout State) {
        guard state.waiting.isEmpty else { return }
        state.timer?.cancel()
        state.timer = nil
    }
}
