import FoundationEssentials
import Glibc
import Testing

/// One hostile command in a sandbox, on a stage of the test's own: a folder on the host with a secret in it, and a folder
/// for `altp run`'s own directories, so that what a run leaves can be seen.
final class Attack {
    /// On the host, not in the sandbox unless a policy mounts it.
    let stage: TemporaryFolder
    /// What no sandbox may learn; in the file `secret` of the stage.
    let secret = "secret-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    /// An argument by which a process of this attack is found.
    let marker = "\(UInt32.random(in: 100_000...999_999)).\(getpid())"

    init() throws {
        stage = try TemporaryFolder()
        chmod(stage.path, 0o755)
        try stage.write("secret", secret, mode: 0o644)
        try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: false)
    }

    deinit { stage.remove() }

    /// Where `altp run` has its directories.
    var runs: String { "\(stage.path)/runs" }

    /// The sandbox's directory on the host while it runs: `scratch` and the like are in it.
    func attempt() throws -> String {
        try eventually("the attempt's directory is there") {
            FileTree.names(in: runs).first { $0.hasPrefix("altp-run-") }.map { "\(runs)/\($0)/attempt" }
        }
    }

    /// A folder on the stage that a policy can mount, which belongs to root and is open to all.
    func folder(_ name: String, mode: mode_t = 0o777) throws -> String {
        let path = "\(stage.path)/\(name)"
        guard mkdir(path, 0o755) == 0, chmod(path, mode) == 0 else { throw TestFailure("mkdir \(path)") }
        return path
    }

    /// A C program on the stage, linked statically so that it runs anywhere.
    func compile(_ name: String, _ source: String) throws {
        try stage.write("\(name).c", source)
        let ended = try execute(["cc", "-O1", "-static", "-o", "\(stage.path)/\(name)", "\(stage.path)/\(name).c"])
        guard ended.status == 0 else { throw TestFailure("cc: \(ended.errors)") }
    }

    /// What Python attacks begin with.
    static let python = """
        import ctypes, errno, os, socket, struct, sys, time
        libc = ctypes.CDLL(None, use_errno=True)
        def call(name, *arguments):
            result = getattr(libc, name)(*arguments)
            return result if result >= 0 else -ctypes.get_errno()
        def syscall(number, *arguments):
            result = libc.syscall(ctypes.c_long(number), *arguments)
            return result if result >= 0 else -ctypes.get_errno()
        def attempt(body, *arguments):
            try: return body(*arguments)
            except OSError as error: return -error.errno
        def write(path, text):
            with open(path, "wb", buffering=0) as file: return file.write(text)
        def nested():
            # A user namespace in which this process has every capability, and a mount namespace.
            uid, gid = os.getuid(), os.getgid()
            result = call("unshare", 0x10000000 | 0x00020000)
            if result < 0: return result
            attempt(write, "/proc/self/setgroups", b"deny")
            attempt(write, "/proc/self/uid_map", b"0 %d 1" % uid)
            attempt(write, "/proc/self/gid_map", b"0 %d 1" % gid)
            return 0

        """

    /// Runs an attack, and expects that nothing of it is left on the host, whatever it did.
    @discardableResult
    func run(
        _ command: SandboxedCommand, seconds: Double = 120, sourceLocation: SourceLocation = #_sourceLocation,
        whileRunning: ((pid_t) throws -> Void)? = nil
    ) throws -> SandboxedCommand.Result {
        var command = command
        command.environment["ALTP_RUN_DIR"] = runs
        let mounts = try Self.mounts()
        var runner: pid_t = 0
        let result = try command.run(seconds: seconds) { pid in
            runner = pid
            try whileRunning?(pid)
        }
        #expect(FileTree.names(in: runs) == [], sourceLocation: sourceLocation)
        #expect(
            HostProcess.groups(below: "/sys/fs/cgroup", named: "altp-run.\(runner).") == [],
            sourceLocation: sourceLocation)
        #expect(try Self.mounts() == mounts, sourceLocation: sourceLocation)
        #expect(!result.output.contains(secret), "the secret was read", sourceLocation: sourceLocation)
        return result
    }

    @discardableResult
    func run(
        python program: String, policy: String? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        whileRunning: ((pid_t) throws -> Void)? = nil
    ) throws -> SandboxedCommand.Result {
        try run(
            SandboxedCommand(python: Self.python + program, policy: policy), sourceLocation: sourceLocation,
            whileRunning: whileRunning)
    }

    @discardableResult
    func run(
        _ line: String, policy: String? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        whileRunning: ((pid_t) throws -> Void)? = nil
    ) throws -> SandboxedCommand.Result {
        try run(
            SandboxedCommand(line, policy: policy), sourceLocation: sourceLocation, whileRunning: whileRunning)
    }

    private static func mounts() throws -> String {
        try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
    }

    /// The process of the sandbox that has become `sleep` with the attack's marker.
    func sleeper() throws -> pid_t {
        guard let pid = HostProcess.waitFor(commandLine: ["sleep", marker], seconds: 20) else {
            throw TestFailure("the attack did not come to its sleep")
        }
        return pid
    }

    /// Pid 1 of the sandbox that the runner made.
    func pid1(of runner: pid_t) throws -> pid_t {
        try eventually("the sandbox has a pid 1") {
            HostProcess.all().first { pid in (try? HostProcess.status(of: pid))?["PPid"] == "\(runner)" }
        }
    }
}

/// Under which the escapes are tried: the filter must not be the only thing that holds.
enum Filters {
    static let both = ["seccomp: default", "seccomp: none"]
    /// And without a filter with every capability, in the Script's own user namespace: it must not be what holds either.
    static let all = both + ["seccomp: none\ncapabilities: [\(capabilities.joined(separator: ", "))]"]

    static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]
}

/// A text of the host that an attack must not change.
struct HostText: Equatable, CustomStringConvertible {
    let path: String
    let text: String?

    init(_ path: String) {
        self.path = path
        text = try? String(contentsOfFile: path, encoding: .utf8)
    }

    var description: String { "\(path): \(text ?? "unreadable")" }
}
