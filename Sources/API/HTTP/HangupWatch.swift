import Dispatch
import Glibc
import Synchronization

/// Looks after the clients of streams. The library polls no suspended connection, so a silent stream's client could be gone
/// for hours, and its connection count as one of its share. While there is no stream, nothing is looked at.
final class HangupWatch: Sendable {
    private struct State {
        var answers: [ObjectIdentifier: (answer: StreamedAnswer, socket: Int32)] = [:]
        var timer: (any DispatchSourceTimer)?
    }

    private static let interval = DispatchTimeInterval.seconds(2)

    private let queue = DispatchQueue(label: "altp.http.hangups")
    private let state = Mutex(State())

    func add(_ answer: StreamedAnswer, on socket: Int32) {
        // So that a host that vanished is noticed too, within a minute and a half (tcp(7)); of no effect on a Unix socket.
        for (level, option, value) in [
            (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10),
            (Int32(IPPROTO_TCP), TCP_KEEPCNT, 3),
        ] {
            var value = Int32(value)
            setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        state.withLock { state in
            state.answers[ObjectIdentifier(answer)] = (answer, socket)
            if state.timer == nil { state.timer = startTimer() }
        }
    }

    /// Before the socket is closed: from then on its number may be another's.
    func remove(_ answer: StreamedAnswer) {
        state.withLock { state in
            state.answers[ObjectIdentifier(answer)] = nil
            guard state.answers.isEmpty else { return }
            state.timer?.cancel()
            state.timer = nil
        }
    }

    private func startTimer() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval, leeway: .milliseconds(500))
        timer.setEventHandler { [weak self] in self?.look() }
        timer.activate()
        return timer
    }

    private func look() {
        let gone = state.withLock { state -> [StreamedAnswer] in
            let all = Array(state.answers.values)
            // POLLHUP and POLLERR come without being asked for. A client that has only ended its own side still reads.
            var entries = all.map { pollfd(fd: $0.socket, events: 0, revents: 0) }
            guard poll(&entries, nfds_t(entries.count), 0) > 0 else { return [] }
            return zip(all, entries).filter { $1.revents & Int16(POLLHUP | POLLERR) != 0 }.map(\.0.answer)
        }
        for answer in gone { answer.hangUp() }
    }
}
