import Glibc

/// The write end of the pipe that a signal makes readable; -1 before `Interruption.install`.
/// Only `install` writes it, before the handler that reads it can run.
private nonisolated(unsafe) var wakeDescriptor: Int32 = -1

/// Ctrl-C (and SIGTERM) as a readable descriptor, so that a verb which waits can put the terminal in order and leave.
package struct Interruption: Sendable {
    /// Readable from the first signal on.
    package let descriptor: Int32

    /// Catches the signals from now on; once in a process.
    package static func install() -> Interruption {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return Interruption(descriptor: -1) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wakeDescriptor = ends[1]
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in
            var byte = UInt8(truncatingIfNeeded: signal)
            _ = write(wakeDescriptor, &byte, 1)
        }
        for signal in [SIGINT, SIGTERM] { sigaction(signal, &action, nil) }
        return Interruption(descriptor: ends[0])
    }

    /// The status to leave with after a signal, as a shell reports one: 130 for Ctrl-C.
    package var status: ExitStatus {
        var signal: UInt8 = 0
        return read(descriptor, &signal, 1) == 1 ? ExitStatus(128 + Int32(signal)) : .interrupted
    }

    /// Waits that long, or until a signal comes; then it throws.
    package func sleep(milliseconds: Int) throws(ExitStatus) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let deadline = MonotonicTime.now + milliseconds
        while true {
            let ready = poll(&entry, 1, Int32(clamping: max(0, deadline - MonotonicTime.now)))
            if ready > 0 { throw status }
            if ready == 0 { return }
        }
    }
}

/// Milliseconds of a clock that no one sets.
enum MonotonicTime {
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
