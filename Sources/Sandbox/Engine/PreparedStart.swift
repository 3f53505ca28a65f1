import Linux
import Synchronization

/// An attempt whose directory and sandbox are being made while its caller does something else, such as to record that it
/// starts. Either it is started then, or abandoned; its command is not executed before.
package final class PreparedStart: Sendable {
    private enum State {
        case preparing
        case prepared(Result<RunningSandbox, SandboxError>)
        /// Somebody waits for it.
        case wanted(@Sendable (Result<RunningSandbox, SandboxError>) -> Void)
        case over
    }

    private let directory: AttemptDirectory
    private let prepare: @Sendable () throws(SandboxError) -> RunningSandbox
    private let state = Mutex(State.preparing)

    init(
        directory: AttemptDirectory, preparing: @escaping @Sendable () throws(SandboxError) -> RunningSandbox
    ) {
        self.directory = directory
        prepare = preparing
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
            take { continuation.resume(returning: $0) }
        }
        let sandbox = try result.get()
        sandbox.begin()
        return sandbox
    }

    /// Removes again what was made.
    package func abandon() async {
        await withCheckedContinuation { continuation in
            take { [directory] prepared in
                WorkerThreads.shared.run {
                    if case .success(let sandbox) = prepared { sandbox.giveUp() }
                    // What is left is in the way of nobody but the next start, which clears it away.
                    _ = try? SandboxEngine.removeTreeNow(directory.path)
                    continuation.resume()
                }
            }
        }
    }

    /// Calls the taker with what was made, as soon as it is.
    private func take(_ taker: @escaping @Sendable (Result<RunningSandbox, SandboxError>) -> Void) {
        let ready = state.withLock { state -> Result<RunningSandbox, SandboxError>? in
            guard case .prepared(let result) = state else {
                state = .wanted(taker)
                return nil
            }
            state = .over
            return result
        }
        if let ready { taker(ready) }
    }
}
