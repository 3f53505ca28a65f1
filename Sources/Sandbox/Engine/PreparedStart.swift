import Linux
import Synchronization

/// An attempt whose directory is being made while its caller does something else, such as to record that it starts. Either it
/// is started then, or abandoned.
package final class PreparedStart: Sendable {
    private enum State {
        case preparing
        case prepared(Result<SandboxSpecification, SandboxError>)
        /// Somebody waits for it.
        case wanted(@Sendable (Result<SandboxSpecification, SandboxError>) -> Void)
        case over
    }

    private let directory: AttemptDirectory
    private let prepare: @Sendable () throws(SandboxError) -> SandboxSpecification
    private let starting: @Sendable (SandboxSpecification) throws(SandboxError) -> RunningSandbox
    private let state = Mutex(State.preparing)

    init(
        directory: AttemptDirectory, preparing: @escaping @Sendable () throws(SandboxError) -> SandboxSpecification,
        starting: @escaping @Sendable (SandboxSpecification) throws(SandboxError) -> RunningSandbox
    ) {
        self.directory = directory
        prepare = preparing
        self.starting = starting
    }

    func begin() {
        WorkerThreads.shared.run { [self] in
            let result = Result { () throws(SandboxError) in try prepare() }
            let taker = state.withLock { state in
                if case .wanted(let taker) = state {
                    state = .over
                    return Optional(taker)
                }
                state = .prepared(result)
                return nil
            }
            taker?(result)
        }
    }

    /// Starts it. When this returns, its pid 1 runs on its own, whatever becomes of this process.
    package func start() async throws(SandboxError) -> RunningSandbox {
        let result: Result<RunningSandbox, SandboxError> = await withCheckedContinuation { continuation in
            take { [starting] prepared in
                continuation.resume(
                    returning: Result { () throws(SandboxError) in try starting(try prepared.get()) })
            }
        }
        return try result.get()
    }

    /// Removes again what was made.
    package func abandon() async {
        await withCheckedContinuation { continuation in
            take { [directory] _ in
                // What is left is in the way of nobody but the next start, which clears it away.
                _ = try? SandboxEngine.removeTreeNow(directory.path)
                continuation.resume()
            }
        }
    }

    /// Calls the taker on a thread that may block: on the one that prepares, or another when that is done already.
    private func take(_ taker: @escaping @Sendable (Result<SandboxSpecification, SandboxError>) -> Void) {
        let ready = state.withLock { state -> Result<SandboxSpecification, SandboxError>? in
            guard case .prepared(let result) = state else {
                state = .wanted(taker)
                return nil
            }
            state = .over
            return result
        }
        if let ready { WorkerThreads.shared.run { taker(ready) } }
    }
}
