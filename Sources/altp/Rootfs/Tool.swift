import CLinux
import Command
import Glibc
import Linux

/// A program of a Debian package that makes images.
struct Tool {
    let name: String
    /// The package that it is in.
    let package: String
    let path: String

    private static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    init(name: String, package: String, path: String) {
        self.name = name
        self.package = package
        self.path = path
    }

    /// Finds it.
    init(_ name: String, package: String) throws(CommandFailure) {
        guard let path = Self.find(name) else {
            throw CommandFailure("\(name) is not installed; it makes the image. Use apt-get install \(package)")
        }
        self.init(name: name, package: package, path: path)
    }

    static func find(_ name: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Runs it to its end in a pid and a mount namespace of its own: whatever ends it or this process, neither a process nor
    /// a mount of it stays.
    ///
    /// - Parameters:
    ///   - network: gives it the host's network.
    ///   - onLine: gets what it prints, line by line.
    /// - Throws: `CommandFailure` with the end of what it printed, `ExitStatus` after a signal to this process.
    func run(
        _ arguments: [String], network: Bool, interruption: Interruption, onLine: (String) throws -> Void = { _ in }
    ) throws {
        let lines = try ToolProcess(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
                + (network ? [] : ["--net", "--ipc"]) + [path] + arguments, path: Self.searchPath)
        let (status, last) = try lines.wait(interruption, onLine)
        guard status == 0 else {
            let output =
                last.isEmpty ? "it printed nothing" : "the end of what it printed:\n" + last.joined(separator: "\n")
            throw CommandFailure(Printable.lines("\(name) failed with status \(status); \(output)"))
        }
    }
}

/// A running tool and the pipe that its output comes through.
private struct ToolProcess {
    private let pid: pid_t
    private let reader: Int32

    private static let linesKept = 20

    init(_ command: [String], path: String) throws(CommandFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw CommandFailure("\(SystemError("pipe"))") }
        // Nor is what this process was started with the tool's: mmdebstrap's shell knows no descriptor above 9.
        guard altp_close_on_exec(3) == 0 else { throw CommandFailure("\(SystemError("close_range"))") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C is for this process, which then ends the tool.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var words = command.map { strdup($0) } + [nil]
        // The host's proxies are the tool's too.
        var variables: [UnsafeMutablePointer<CChar>?] = [
            strdup("PATH=\(path)"), strdup("HOME=/root"), strdup("LC_ALL=C"),
        ]
        for name in ["http_proxy", "https_proxy", "no_proxy"] {
            if let value = getenv(name) { variables.append(strdup("\(name)=\(String(cString: value))")) }
        }
        variables.append(nil)
        defer { for word in words + variables { free(word) } }
        let executable = Tool.find(command[0]) ?? command[0]
        var pid: pid_t = 0
        let result = posix_spawn(&pid, executable, &actions, &attributes, &words, &variables)
        close(ends[1])
        guard result == 0 else {
            close(ends[0])
            throw CommandFailure("\(SystemError("posix_spawn", executable, number: result))")
        }
        self.pid = pid
        reader = ends[0]
    }

    /// - Returns: its status as a shell gives it, and the last lines that it printed.
    func wait(_ interruption: Interruption, _ onLine: (String) throws -> Void) throws -> (Int32, [String]) {
        defer { close(reader) }
        var last: [String] = []
        do {
            try readLines(interruption) { line in
                last = last.suffix(Self.linesKept - 1) + [line]
                try onLine(line)
            }
        } catch {
            // unshare's end takes all of its namespace along; the pipe's end says that all of it is gone.
            kill(pid, SIGKILL)
            _ = reap()
            var rest = [UInt8](repeating: 0, count: 4096)
            while case let count = read(reader, &rest, rest.count), count > 0 || count < 0 && errno == EINTR {}
            throw error
        }
        return (reap(), last)
    }

    private func readLines(_ interruption: Interruption, _ onLine: (String) throws -> Void) throws {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            var polled = [
                pollfd(fd: reader, events: Int16(POLLIN), revents: 0),
                pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polled, 2, -1) > 0 else { continue }
            if polled[1].revents != 0 { throw interruption.status }
            let count = read(reader, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            for byte in chunk[..<max(count, 0)] {
                if byte != 10, line.count < 4096 {
                    line.append(byte)
                    continue
                }
                try onLine(String(decoding: line, as: UTF8.self))
                line = []
            }
            if count <= 0 {
                if !line.isEmpty { try onLine(String(decoding: line, as: UTF8.self)) }
                return
            }
        }
    }

    private func reap() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }
}
