import CLinux
import Glibc
import SandboxPlan

/// Pid 1's life in a sandbox that runs nothing of its own: it reaps, until nobody has the other end of its standard input.
/// So the sandbox ends with the Launcher, whatever becomes of that.
struct HeldSandbox {
    private let signals: Int32
    private var isOver = false

    init() {
        signals = SignalDescriptor.open()
        _ = LinuxCall.dropCapabilities(canReadFilters: false)
    }

    /// Says that it can be joined, and returns when nothing of the sandbox runs any more.
    mutating func run(_ report: inout InitReport) {
        if send(STDIN_FILENO, "r", 1, Int32(MSG_NOSIGNAL)) != 1 { isOver = true }
        while !isOver {
            var polled = [
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polled, 2, -1) > 0 else { continue }
            if polled[0].revents != 0, SignalDescriptor.drain(signals).contains(SIGTERM) { isOver = true }
            // Nothing is ever said there: it is the end.
            if polled[1].revents != 0 { isOver = true }
            while waitpid(-1, nil, WNOHANG) > 0 {}
        }
        end()
        report.end = .exited(status: 0)
        report.endedAt = Clock.realMilliseconds()
    }

    /// Sessions' first processes are their joiners' children; the kernel ends what is left of them with pid 1.
    private func end() {
        let deadline = Clock.milliseconds() + 10_000
        while Clock.milliseconds() < deadline {
            kill(-1, SIGKILL)
            while waitpid(-1, nil, WNOHANG) > 0 {}
            if errno == ECHILD { return }
            usleep(2000)
        }
    }
}
