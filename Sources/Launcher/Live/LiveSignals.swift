import Synchronization

/// A running attempt's progress, as it was last written.
package struct ProgressSignal: Sendable, Hashable {
    package var processing: Int64
    package var script: String
    package var number: Int
    package var task: String
    package var percent: Double?
    package var text: String?
    package var at: Int64
}

/// What is told as it happens and not recorded as a change: whoever listens later misses nothing by it.
package final class LiveSignals: Sendable {
    private let endListener = Mutex<(@Sendable () -> Void)?>(nil)
    private let listener = Mutex<(@Sendable (ProgressSignal) -> Void)?>(nil)

    /// Has a function called with each progress; it must not block.
    package func onProgress(_ body: @escaping @Sendable (ProgressSignal) -> Void) {
        listener.withLock { $0 = body }
    }

    /// Has a function called after the end of each Processing; it must not block.
    package func onEnd(_ body: @escaping @Sendable () -> Void) { endListener.withLock { $0 = body } }

    func processingEnded() { endListener.withLock { $0 }?() }

    func send(_ signal: @autoclosure () -> ProgressSignal) {
        if let body = listener.withLock({ $0 }) { body(signal()) }
    }
}
