import Glibc

/// A failed step of a connection: the call and what the system said.
struct ConnectionError: Error, Hashable, CustomStringConvertible {
    enum Kind: Hashable {
        case connect
        case timeout
        case exchange
        case interrupted
    }

    var kind: Kind
    var description: String
    /// What the system said, when it was a system call that failed.
    var code: Int32?

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    init(_ kind: Kind, call: String, errno code: Int32) {
        self.init(kind, "\(call): \(String(cString: strerror(code)))")
        self.code = code
    }
}

/// A connection to a Launcher's stream socket, with a deadline on every step. Closes itself.
struct ServerConnection: ~Copyable {
    /// Does not block.
    let descriptor: Int32
    private let interruption: Interruption?
    /// What stands between this socket and a Launcher on another host.
    private let connector: Connector?

    init(descriptor: Int32, connector: Connector?, interruption: Interruption?) {
        self.descriptor = descriptor
        self.connector = connector
        self.interruption = interruption
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    /// To a Unix socket (unix(7)).
    ///
    /// - Parameter timeout: milliseconds; a Launcher whose backlog is full makes the connection wait.
    static func open(
        path: String, timeout: Int, interruption: Interruption?
    ) throws(ConnectionError) -> ServerConnection {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw ConnectionError(.connect, "the path is longer than a socket's may be (107 bytes)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ConnectionError(.connect, call: "socket", errno: errno) }
        // A Unix socket's connect waits for room in the backlog as long as the send timeout says.
        var limit = timeval(tv_sec: timeout / 1000, tv_usec: timeout % 1000 * 1000)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 ? 0 : errno }
        }
        if code != 0 { close(descriptor) }
        switch code {
        case 0: break
        case EAGAIN: throw ConnectionError(.timeout, "connect: it accepted no connection within \(timeout / 1000) s")
        case EINTR: throw ConnectionError(.interrupted, "interrupted")
        default: throw ConnectionError(.connect, call: "connect", errno: code)
        }
        return ServerConnection(descriptor: descriptor, connector: nil, interruption: interruption)
    }

    deinit {
        close(descriptor)
        connector?.end()
    }

    func send(_ bytes: [UInt8], deadline: Int) throws(ConnectionError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try wait(for: POLLOUT, deadline: deadline)
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno == EPIPE {
                // The server has answered and closed before it read everything: the answer says why.
                return
            } else if errno != EAGAIN, errno != EINTR {
                throw ConnectionError(.exchange, call: "send", errno: errno)
            }
        }
    }

    /// Up to `count` bytes; empty when the other side has closed.
    func receive(_ count: Int, deadline: Int) throws(ConnectionError) -> [UInt8] {
        while true {
            try wait(for: POLLIN, deadline: deadline)
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                let got = recv(descriptor, buffer.baseAddress, count, 0)
                code = got < 0 ? errno : 0
                initialized = max(0, got)
            }
            switch code {
            case 0: return bytes
            case EAGAIN, EINTR: continue
            case ECONNRESET: return []
            default: throw ConnectionError(.exchange, call: "recv", errno: code)
            }
        }
    }

    private func wait(for event: Int32, deadline: Int) throws(ConnectionError) {
        var entries = [
            pollfd(fd: descriptor, events: Int16(event), revents: 0),
            pollfd(fd: interruption?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let left = deadline - MonotonicTime.now
            guard left > 0 else { throw ConnectionError(.timeout, "no answer in time") }
            let ready = poll(&entries, 2, Int32(clamping: left))
            if entries[1].revents != 0, ready > 0 { throw ConnectionError(.interrupted, "interrupted") }
            if ready > 0 { return }
        }
    }
}
