import Glibc

/// Joins a local socket to a connection, until either is at its end.
struct Relay {
    private static let most = 64 << 10

    private let local: Int32
    private let remote: Int32
    private let tls: TLSSession?
    private var toRemote: [UInt8] = []
    private var toLocal: [UInt8] = []
    /// What the connection waits for, to send and to receive: TLS may have to read in order to send.
    private var sendEvent = Int16(POLLOUT)
    private var receiveEvent = Int16(POLLIN)
    private var remoteEnded = false

    init(local: Int32, remote: Int32, tls: TLSSession?) {
        (self.local, self.remote, self.tls) = (local, remote, tls)
        for descriptor in [local, remote] { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
    }

    mutating func run() {
        while step() {}
    }

    /// - Returns: false when it is over.
    private mutating func step() -> Bool {
        if remoteEnded, toLocal.isEmpty { return false }
        let receives = !remoteEnded && toLocal.isEmpty
        var entries = [
            pollfd(
                fd: local, events: Int16(toRemote.isEmpty ? POLLIN : 0) | Int16(toLocal.isEmpty ? 0 : POLLOUT),
                revents: 0),
            pollfd(
                fd: remoteEnded ? -1 : remote,
                events: (receives ? receiveEvent : 0) | (toRemote.isEmpty ? 0 : sendEvent),
                revents: 0),
        ]
        let isReady = receives && (tls?.hasPending ?? false)
        guard poll(&entries, 2, isReady ? 0 : -1) >= 0 || errno == EINTR else { return false }
        if !toLocal.isEmpty, entries[0].revents != 0 { guard writeLocal() else { return false } }
        if toRemote.isEmpty, entries[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
            guard readLocal() else { return false }
        }
        if !toRemote.isEmpty, entries[1].revents != 0 || sendEvent == Int16(POLLOUT) { send() }
        if receives, isReady || entries[1].revents != 0 { receive() }
        return true
    }

    private mutating func readLocal() -> Bool {
        var buffer = [UInt8](repeating: 0, count: Self.most)
        let count = read(local, &buffer, buffer.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        toRemote = Array(buffer[..<count])
        return count > 0
    }

    private mutating func writeLocal() -> Bool {
        let count = write(local, toLocal, toLocal.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        toLocal.removeFirst(count)
        return true
    }

    private mutating func send() {
        guard let tls else {
            let count = Glibc.send(remote, toRemote, toRemote.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return toRemote.removeFirst(count) }
            // What the server has answered before it closed is still read.
            if errno != EAGAIN, errno != EINTR { toRemote = [] }
            return
        }
        switch toRemote.withUnsafeBytes({ tls.send($0) }) {
        case .bytes(let count):
            toRemote.removeFirst(count)
            sendEvent = Int16(POLLOUT)
        case .wait(let event): sendEvent = event
        case .end: toRemote = []
        }
    }

    private mutating func receive() {
        var buffer = [UInt8](repeating: 0, count: Self.most)
        guard let tls else {
            let count = recv(remote, &buffer, buffer.count, 0)
            if count > 0 { toLocal = Array(buffer[..<count]) }
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { remoteEnded = true }
            return
        }
        switch buffer.withUnsafeMutableBytes({ tls.receive($0) }) {
        case .bytes(let count):
            toLocal = Array(buffer[..<count])
            receiveEvent = Int16(POLLIN)
        case .wait(let event): receiveEvent = event
        case .end: remoteEnded = true
        }
    }
}
