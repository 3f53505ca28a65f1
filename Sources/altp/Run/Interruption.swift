import Dispatch
import Glibc

/// Ctrl-C and the like, while a sandbox runs: passed on, so that it ends and is cleaned up.
final class Interruption {
    private let sources: [any DispatchSourceSignal]

    private init(_ sources: [any DispatchSourceSignal]) { self.sources = sources }

    static func forward(_ handler: @escaping @Sendable () -> Void) -> Interruption {
        Interruption(
            [SIGINT, SIGTERM, SIGHUP, SIGQUIT].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler(handler: handler)
                source.resume()
                return source
            })
    }

    func stop() {
        for source in sources { source.cancel() }
    }
}
