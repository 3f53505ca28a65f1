import Glibc
import Linux

/// Ctrl-C and the like, while a sandbox runs: passed on, so that it ends and is cleaned up.
enum SignalForwarding {
    /// Holds the signals back, in this thread and in all that it makes from now on. Call it before the first of them.
    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Lets them through to their handlers meanwhile.
    static func unblocked<Result>(_ body: () throws -> Result) rethrows -> Result {
        var set = set
        var former = sigset_t()
        pthread_sigmask(SIG_UNBLOCK, &set, &former)
        defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
        return try body()
    }

    /// Calls the handler for each signal that came or comes, on a thread of its own, for as long as the process lives.
    static func forward(_ handler: @escaping @Sendable () -> Void) {
        let thread = try? SystemThread.start {
            var set = SignalForwarding.set
            var number: Int32 = 0
            while sigwait(&set, &number) == 0 { handler() }
        }
        if let thread { pthread_detach(thread) }
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&set, number) }
        return set
    }
}
