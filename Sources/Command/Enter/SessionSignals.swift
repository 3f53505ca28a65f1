import CLinux
import Glibc

/// The signals that concern whoever is inside of a sandbox, as something to wait for beside the rest.
struct SessionSignals: ~Copyable {
    let descriptor: Int32

    /// Those by which others end, stop or continue this process, and the terminal's new size.
    private static let all = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH]

    /// Takes the signals from now on, for this process's one thread.
    init() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in Self.all { sigaddset(&set, number) }
        sigprocmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    }

    deinit {
        close(descriptor)
        // What came late ends this process as it ends any other.
        var set = sigset_t()
        sigemptyset(&set)
        for number in Self.all { sigaddset(&set, number) }
        sigprocmask(SIG_UNBLOCK, &set, nil)
    }

    /// One that came, or nil.
    func next() -> Int32? {
        var information = signalfd_siginfo()
        guard read(descriptor, &information, MemoryLayout<signalfd_siginfo>.size) > 0 else { return nil }
        return Int32(information.ssi_signo)
    }
}
