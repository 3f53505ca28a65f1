import FoundationEssentials
import Glibc

struct TestFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A command that a test started: its output goes to files, so that nothing can fill a pipe.
final class ChildProcess {
    struct Ended {
        /// As a shell gives it: 128+n for signal n.
        var status: Int32
        var output: String
        var errors: String
    }

    let pid: pid_t
    private let folder: TemporaryFolder
    private var ended: Ended?

    /// Starts a command with an empty input and, added to this process's, these variables.
    init(_ command: [String], environment: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (descriptor, name) in [(Int32(1), "output"), (2, "errors")] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, "\(folder.path)/\(name)", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        var variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        variables["NO_COLOR"] = "1"
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test's threads block signals; a child must not inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments = command.map { strdup($0) } + [nil]
        let settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + settings).forEach { free($0) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, command[0], &actions, &attributes, arguments, settings)
        guard result == 0 else {
            folder.remove()
            throw TestFailure("cannot start \(command): \(String(cString: strerror(result)))")
        }
        self.pid = pid
    }

    /// What it has printed so far.
    var output: String { ended?.output ?? text("output") }
    var errors: String { ended?.errors ?? text("errors") }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(filePath: "\(folder.path)/\(name)"))) ?? Data(), as: UTF8.self)
    }

    func signal(_ number: Int32) { kill(pid, number) }

    var isRunning: Bool { reap(block: false) == nil }

    /// Waits for its end; after `seconds` it is killed and the test fails.
    @discardableResult
    func wait(seconds: Double = 60) throws -> Ended {
        if let ended { return ended }
        let deadline = Deadline(seconds: seconds)
        while !deadline.isOver {
            if let ended = reap(block: false) { return ended }
            usleep(2000)
        }
        signal(SIGKILL)
        let last = reap(block: true)
        throw TestFailure(
            "still running after \(seconds) s; it had printed: \(last?.output ?? "") \(last?.errors ?? "")")
    }

    private func reap(block: Bool) -> Ended? {
        if let ended { return ended }
        var status: Int32 = 0
        guard waitpid(pid, &status, block ? 0 : WNOHANG) == pid else { return nil }
        let signal = status & 0x7f
        let result = Ended(
            status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: output, errors: errors)
        ended = result
        folder.remove()
        return result
    }

    deinit {
        if ended == nil {
            signal(SIGKILL)
            _ = reap(block: true)
        }
    }
}

/// Runs a command to its end.
func execute(_ command: [String], seconds: Double = 60) throws -> ChildProcess.Ended {
    try ChildProcess(command).wait(seconds: seconds)
}

struct Deadline {
    private let end: Double

    init(seconds: Double) { end = Self.now + seconds }

    var isOver: Bool { Self.now > end }

    /// Seconds on a clock that nobody sets.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
