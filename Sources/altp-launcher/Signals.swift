import Glibc

/// The signals that steer the daemon: read one by one by the main thread, which does nothing else. (An asynchronous `main`
/// would leave that thread to Dispatch, which unblocks every signal in it.)
enum Signals {
    private static let handled = [SIGHUP, SIGINT, SIGTERM, SIGQUIT]

    /// Blocks them in this thread and in all that it makes, and ignores SIGPIPE: a peer that goes away is an error of the
    /// call that wrote to it.
    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `receive` with the number of each that comes, for as long as the process lives.
    static func listen(_ receive: (Int32) -> Void) -> Never {
        var set = set
        while true {
            var number: Int32 = 0
            if sigwait(&set, &number) == 0 { receive(number) }
        }
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in handled { sigaddset(&set, signal) }
        return set
    }
}
