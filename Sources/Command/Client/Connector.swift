import Glibc

/// The process that connects to another host for this one: see `altp-connect`.
struct Connector {
    private let pid: pid_t

    /// Connects, and waits until that has succeeded.
    ///
    /// - Parameters:
    ///   - authorities: a PEM file of those that are trusted; nil for the system's.
    ///   - timeout: milliseconds.
    static func open(
        _ address: ServerAddress, authorities: String?, timeout: Int, interruption: Interruption?
    ) throws(ConnectionError) -> ServerConnection {
        var arguments = [try program()]
        let (socket, itsSocket) = try pair()
        let word: (own: Int32, its: Int32)
        do throws(ConnectionError) {
            word = try pair()
        } catch {
            for end in [socket, itsSocket] { close(end) }
            throw error
        }
        defer { close(word.own) }
        if address.isEncrypted { arguments.append("--tls") }
        if let authorities { arguments += ["--ca", authorities] }
        arguments += [address.host, "\(address.port)"]
        var pid: pid_t = 0
        let code = spawn(arguments, input: itsSocket, output: word.its, &pid)
        close(itsSocket)
        close(word.its)
        guard code == 0 else {
            close(socket)
            throw ConnectionError(.connect, call: "starting \(arguments[0])", errno: code)
        }
        // From here on it is ended and waited for with the connection.
        let connection = ServerConnection(
            descriptor: socket, connector: Connector(pid: pid), interruption: interruption)
        let line = try firstLine(word.own, timeout: timeout, interruption)
        guard line == "connected" else {
            throw ConnectionError(.connect, line.isEmpty ? "altp-connect ended without a word" : Printable.line(line))
        }
        return connection
    }

    private static func pair() throws(ConnectionError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw ConnectionError(.connect, call: "socketpair", errno: errno)
        }
        return (ends[0], ends[1])
    }

    /// Its socket is closed: it sends what it still has, for a moment, and ends.
    func end() {
        let deadline = MonotonicTime.now + 500
        while MonotonicTime.now < deadline {
            if waitpid(pid, nil, WNOHANG) != 0 { return }
            usleep(1000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Reads its one line.
    private static func firstLine(
        _ descriptor: Int32, timeout: Int, _ interruption: Interruption?
    ) throws(ConnectionError) -> String {
        let deadline = MonotonicTime.now + timeout
        var line: [UInt8] = []
        while line.last != 0x0A, line.count < 1000 {
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: interruption?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let left = deadline - MonotonicTime.now
            guard left > 0 else { throw ConnectionError(.timeout, "connect: no answer within \(timeout / 1000) s") }
            guard poll(&entries, 2, Int32(clamping: left)) > 0 else { continue }
            if entries[1].revents != 0 { throw ConnectionError(.interrupted, "interrupted") }
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            line += buffer[..<count]
        }
        if line.last == 0x0A { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }

    private static func spawn(_ arguments: [String], input: Int32, output: Int32, _ pid: inout pid_t) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C is for this process, which then says good-bye to the Launcher.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return posix_spawn(&pid, arguments[0], &actions, &attributes, &pointers, environ)
    }

    /// It is installed beside this executable.
    private static func program() throws(ConnectionError) -> String {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw ConnectionError(.connect, call: "realpath /proc/self/exe", errno: errno)
        }
        defer { free(path) }
        let own = String(cString: path)
        let program = "\(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])/altp-connect"
        guard access(program, X_OK) == 0 else {
            throw ConnectionError(
                .connect,
                "\(program): \(String(cString: strerror(errno))); it is installed beside altp, and connects it to other hosts"
            )
        }
        return program
    }
}
