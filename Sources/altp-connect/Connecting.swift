import Glibc

/// Milliseconds that each address of a host gets.
private let patience: Int32 = 10_000

/// Connects to the first address of the host that answers.
func connect(to host: String, port: String) throws(Refusal) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, port, &hints, &list)
    guard result == 0 else {
        throw Refusal(text: "looking up \(host): \(String(cString: gai_strerror(result)))")
    }
    defer { freeaddrinfo(list) }
    var reason = "it has no address"
    var next = list
    while let address = next?.pointee {
        next = address.ai_next
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, type, 0)
        guard descriptor >= 0 else {
            reason = "socket: \(String(cString: strerror(errno)))"
            continue
        }
        let code = finish(descriptor, Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno)
        if code == 0 {
            // What is typed in a session goes out at once.
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            return descriptor
        }
        reason = "connect: \(String(cString: strerror(code)))"
        close(descriptor)
    }
    throw Refusal(text: reason)
}

/// Waits for the outcome of a connect(2) that does not block.
private func finish(_ descriptor: Int32, _ code: Int32) -> Int32 {
    guard code == EINPROGRESS else { return code }
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, patience) > 0 else { return ETIMEDOUT }
    var outcome: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &outcome, &size) == 0 else { return errno }
    return outcome
}
