import CMicroHTTPD
import Dispatch
import Glibc
import Synchronization

/// Cuts off the connections that keep a server waiting (slow-loris), and those whose token has ended. Libmicrohttpd ends those
/// that send nothing at all; one that sends a byte from time to time would stay for ever.
///
/// `@unchecked`: the timer is made here and only ever cancelled.
final class OpenConnections: @unchecked Sendable {
    private let limits: HTTPLimits
    private let mayStay: @Sendable (ConnectionShare) -> Bool
    private let open = Mutex<[Int32: HTTPConnection]>([:])
    private let timer: any DispatchSourceTimer

    /// - Parameter mayStay: whether a connection that counts into the share may go on.
    init(limits: HTTPLimits, mayStay: @escaping @Sendable (ConnectionShare) -> Bool) {
        self.limits = limits
        self.mayStay = mayStay
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "altp.http.connections"))
        timer.schedule(deadline: .now() + .milliseconds(500), repeating: .milliseconds(500), leeway: .milliseconds(100))
        timer.setEventHandler { [weak self] in self?.look() }
        timer.activate()
    }

    deinit { timer.cancel() }

    func enter(_ descriptor: Int32, _ connection: HTTPConnection) {
        open.withLock { $0[descriptor] = connection }
    }

    /// The library says so before it closes the descriptor, so that the number cannot be another's yet.
    func leave(_ descriptor: Int32, _ connection: HTTPConnection) {
        open.withLock { open in
            if open[descriptor] === connection { open[descriptor] = nil }
        }
    }

    private func look() {
        let now = ContinuousClock.now
        open.withLock { open in
            for (descriptor, connection) in open
            where connection.isOverdue(at: now, limits: limits) || !connection.shares.allSatisfy(mayStay) {
                // The library then reads the end of the stream, and closes it on its own thread.
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }
}
