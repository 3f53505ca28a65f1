import CLinux
import Glibc
import Linux

/// Runs a mail command with a message on its standard input: no shell, an environment of its own, and an end.
enum MailCommand {
    enum Answer: Sendable, Hashable {
        /// As a shell gives it, and the end of what it printed.
        case status(Int, text: String)
        case failure(String)
    }

    private static let kept = 2000

    /// - Parameter timeout: milliseconds; after that all of its process group is killed.
    static func run(_ command: [String], input: [UInt8], timeout: Int64) async -> Answer {
        await withCheckedContinuation { continuation in
            WorkerThreads.shared.run { continuation.resume(returning: runNow(command, input, timeout)) }
        }
    }

    private static func runNow(_ command: [String], _ input: [UInt8], _ timeout: Int64) -> Answer {
        do throws(SystemError) {
            // A file in memory rather than a pipe: a command that reads nothing blocks nobody.
            let message = try FileDescriptor.memory("altp-mail", input)
            var ends: [Int32] = [-1, -1]
            try check("pipe") { altp_pipe(&ends) }
            let output = FileDescriptor(owning: ends[0])
            let pid: pid_t
            do {
                let other = FileDescriptor(owning: ends[1])
                pid = try start(command, input: message.raw, output: other.raw)
            }
            return wait(pid, output.raw, timeout)
        } catch {
            return .failure("\(error)")
        }
    }

    private static func start(_ command: [String], input: Int32, output: Int32) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (source, target) in [(input, Int32(0)), (output, 1), (output, 2)] {
            posix_spawn_file_actions_adddup2(&actions, source, target)
        }
        altp_spawn_apart(&actions, "/")
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This thread blocks signals, and the process ignores SIGPIPE: neither is for the command.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        let words = command.map { strdup($0) } + [nil]
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let settings: [String] = [path, "LC_ALL=C.UTF-8", "HOME=/"]
        let variables = settings.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, command[0], &actions, &attributes, words, variables)
        guard result == 0 else { throw SystemError("posix_spawn", command[0], number: result) }
        return pid
    }

    private static func wait(_ pid: pid_t, _ output: Int32, _ timeout: Int64) -> Answer {
        let deadline = now() + timeout
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        var isOpen = true
        var status: Int32 = 0
        while true {
            // Whoever holds the pipe's end without being the command itself is not waited for.
            if waitpid(pid, &status, WNOHANG) == pid { break }
            guard now() < deadline else {
                kill(-pid, SIGKILL)
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                return .failure("it had not ended after \(Double(timeout) / 1000) s, and was killed\(end(text))")
            }
            guard isOpen else {
                usleep(10_000)
                continue
            }
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            let count = read(output, &chunk, chunk.count)
            if count > 0 { text = Array((text + chunk[..<count]).suffix(kept)) }
            isOpen = count > 0
        }
        // What was written before the end, without waiting for more.
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        while case let count = read(output, &chunk, chunk.count), count > 0 {
            text = Array((text + chunk[..<count]).suffix(kept))
        }
        let signal = status & 0x7f
        return .status(
            Int(signal == 0 ? status >> 8 & 0xff : 128 + signal), text: String(decoding: text, as: UTF8.self))
    }

    private static func end(_ text: [UInt8]) -> String {
        text.isEmpty ? "" : "; the end of what it printed: \(String(decoding: text, as: UTF8.self))"
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
