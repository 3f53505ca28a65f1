import Store

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
    private let endListener = Listener<Void>()
    private let progressListener = Listener<ProgressSignal>()

    /// Has a function called with each progress; it must not block.
    package func onProgress(_ body: @escaping @Sendable (ProgressSignal) -> Void) {
        progressListener.set(body)
    }

    /// Has a function called after the end of each Processing; it must not block.
    package func onEnd(_ body: @escaping @Sendable () -> Void) { endListener.set(body) }

    func processingEnded() { endListener.tell(()) }

    func send(_ signal: @autoclosure () -> ProgressSignal) { progressListener.tell(signal()) }
}
