import CLinux
import Glibc
import Linux

/// A program of the host's that pid 1 runs while the host's files are still in sight.
struct Helper {
    let pid: pid_t
    /// What it complains of comes here. Nothing keeps the program waiting when nobody reads.
    private let words: Int32

    /// - Parameters:
    ///   - arguments: the first is the program's absolute path.
    ///   - input: its standard input.
    ///   - more: become its descriptors 3, 4 and so on.
    ///   - prepare: runs in the child first; negative for a failure, with errno.
    init(
        _ arguments: [String], input: Int32, more: [Int32] = [], namespaces: LinuxCall.Namespaces = [],
        group: Int32 = -1, prepare: () -> Int32 = { 0 }
    ) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try check("pipe2") { LinuxCall.pipe(&ends) }
        let reader = FileDescriptor(owning: ends[0])
        let writer = FileDescriptor(owning: ends[1])
        for end in [reader.raw, writer.raw] { try check("fcntl") { fcntl(end, F_SETFL, O_NONBLOCK) } }
        let output = try FileDescriptor.open("/dev/null", O_WRONLY)
        let vector = CStrings(arguments)
        let environment = CStrings(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"])
        pid = try check("clone3", arguments[0]) { LinuxCall.fork(namespaces, group: group) }
        if pid == 0 {
            Self.become(
                vector, environment, descriptors: [input, output.raw, writer.raw] + more, words: writer.raw, prepare)
        }
        words = reader.take()
    }

    private static func become(
        _ vector: CStrings, _ environment: CStrings, descriptors: [Int32], words: Int32, _ prepare: () -> Int32
    ) -> Never {
        var none = sigset_t()
        sigemptyset(&none)
        var isReady = prepare() >= 0 && chdir("/") == 0 && sigprocmask(SIG_SETMASK, &none, nil) == 0
        // Two passes, so that a descriptor that is wanted lower is not overwritten first.
        let moved = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, Int32(descriptors.count)) }
        for (number, descriptor) in moved.enumerated() { isReady = isReady && dup2(descriptor, Int32(number)) >= 0 }
        if isReady, LinuxCall.closeRange(UInt32(descriptors.count), .max) == 0 {
            execve(vector.pointers[0]!, vector.pointers, environment.pointers)
        }
        let text = Array("cannot be started: \(systemMessage(errno))".utf8)
        _ = write(2, text, text.count)
        _exit(127)
    }

    /// What it has said since the last call, in one line.
    func said() -> String {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = bytes.withUnsafeMutableBytes { read(words, $0.baseAddress!, $0.count) }
        return String(decoding: bytes[..<max(count, 0)], as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("WARNING") }.joined(separator: "; ")
    }

    /// Waits for its end; what has not ended after `milliseconds` is killed.
    func require(within milliseconds: Int64) throws(SystemError) {
        let deadline = Clock.milliseconds() + milliseconds
        var status: Int32 = 0
        var said = ""
        while true {
            said += self.said()
            let ended = try check("waitpid") { waitpid(pid, &status, WNOHANG) }
            if ended == pid { break }
            guard Clock.milliseconds() < deadline else {
                kill(pid, SIGKILL)
                waitpid(pid, nil, 0)
                throw SystemError("no end after \(milliseconds) ms \(said)", number: ETIMEDOUT)
            }
            // It ends with the pipe.
            var polled = pollfd(fd: words, events: Int16(POLLIN), revents: 0)
            if poll(&polled, 1, 100) > 0, polled.revents & Int16(POLLIN) == 0 { usleep(200) }
        }
        said += self.said()
        close(words)
        guard status == 0 else { throw SystemError(said.isEmpty ? "status \(status)" : said, number: 0) }
    }
}
