import CLinux
import Configuration
import Glibc
import Linux
import SandboxPlan
import Synchronization

/// A session's joiner, from the outside.
final class SessionProcess: Sendable {
    private let pidfd: FileDescriptor
    private let control: FileDescriptor
    private let sandbox: any JoinableSandbox
    private let memory: ByteSize
    /// The session's own groups.
    private let groups: [String]
    private let watcher: ProcessWatcher
    private let tellLeftover: @Sendable (Leftover) -> Void
    private let afterwards: @Sendable (SessionEnd) async -> Void
    private let state = Mutex(State())

    private struct State {
        var end: SessionEnd?
        var waiting: [CheckedContinuation<SessionEnd, Never>] = []
    }

    /// - Parameter memory: what the sandbox may have of it.
    init(
        _ process: consuming InitProcess, control: consuming FileDescriptor, sandbox: any JoinableSandbox,
        memory: ByteSize, groups: [String], watcher: ProcessWatcher,
        tellLeftover: @escaping @Sendable (Leftover) -> Void,
        afterwards: @escaping @Sendable (SessionEnd) async -> Void
    ) {
        pidfd = process.pidfd
        self.control = control
        self.sandbox = sandbox
        self.memory = memory
        self.groups = groups
        self.watcher = watcher
        self.tellLeftover = tellLeftover
        self.afterwards = afterwards
    }

    // MARK: The beginning

    /// What came of the start.
    enum Start {
        case executed(terminal: Int32?)
        case failed(InitReport, terminal: Int32?)
    }

    /// Blocks until the session's command is executed, or could not be.
    func waitForStart() throws(SandboxError) -> Start {
        var terminal: Int32?
        while true {
            var polled = pollfd(fd: control.raw, events: Int16(POLLIN), revents: 0)
            let count = poll(&polled, 1, 20_000)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SandboxError("entering the sandbox: no answer after 20 s") }
            switch receive() {
            case .descriptor(let descriptor): terminal = descriptor
            case .text("s"): return .executed(terminal: terminal)
            case .text(let text):
                guard let report = InitReport(json: Array(text.utf8)) else {
                    throw SandboxError("entering the sandbox: the joiner said \(text.prefix(100))")
                }
                return .failed(report, terminal: terminal)
            case .end: throw SandboxError("entering the sandbox: the joiner ended without a word")
            }
        }
    }

    private enum Message {
        case descriptor(Int32)
        case text(String)
        case end
    }

    private func receive() -> Message {
        var first: UInt8 = 0
        let count = recv(control.raw, &first, 1, Int32(MSG_PEEK))
        guard count > 0 else { return .end }
        // A terminal comes with a NUL.
        if first == 0 {
            let descriptor = altp_receive_descriptor(control.raw)
            return descriptor < 0 ? .end : .descriptor(descriptor)
        }
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        let size = recv(control.raw, &bytes, bytes.count, 0)
        return size > 0 ? .text(String(decoding: bytes[..<size], as: UTF8.self)) : .end
    }

    // MARK: The end

    /// Begins to watch for the end, which `ended()` then gives.
    func watch() {
        watcher.watch(pidfd.raw) { WorkerThreads.shared.run { self.finish() } }
    }

    /// Kills all of it and clears up, for a session that has not come about. Blocks.
    func abort() {
        _ = altp_pidfd_send_signal(pidfd.raw, SIGKILL)
        clear()
    }

    private func clear() {
        var info = siginfo_t()
        waitid(P_PIDFD, id_t(pidfd.raw), &info, WEXITED)
        // With whatever an ended joiner has left in them.
        CgroupRemoval.remove(groups).forEach(tellLeftover)
    }

    private func finish() {
        clear()
        complete(readEnd())
    }

    /// The session has ended so: once what follows is done, everybody is told.
    func complete(_ end: SessionEnd) {
        Task {
            await afterwards(end)
            tell(end)
        }
    }

    private func tell(_ end: SessionEnd) {
        let waiting = state.withLock { state in
            state.end = end
            defer { state.waiting = [] }
            return state.waiting
        }
        waiting.forEach { $0.resume(returning: end) }
    }

    private func readEnd() -> SessionEnd {
        var report: InitReport?
        while case .text(let text) = receive() { report = InitReport(json: Array(text.utf8)) ?? report }
        guard let report else { return SessionEnd(kind: .ended(reason: "its joiner was killed")) }
        // What pid 1 kills, it is about to follow.
        let mayFollow = report.end == .signaled(SIGKILL)
        var end = SessionEnd(report, sandboxHasEnded: sandbox.hasEnded(within: mayFollow ? 300 : 0))
        if mayFollow, report.interruption == nil, report.outOfMemoryKills > 0 {
            end.kind = .ended(reason: "the sandbox ran out of memory; its limit is \(memory)")
        }
        return end
    }

    func ended() async -> SessionEnd {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state -> SessionEnd? in
                if state.end == nil { state.waiting.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    func end() {
        // What the joiner still has to say can be read.
        shutdown(control.raw, Int32(SHUT_WR))
    }

    func send(signal: Int32) {
        let text = Array("\(signal)".utf8)
        _ = Glibc.send(control.raw, text, text.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
}

extension SessionEnd {
    init(_ report: InitReport, sandboxHasEnded: Bool) {
        let denied = report.denials.map {
            DeniedCall(
                name: SeccompCompiler.name(of: $0.number, architecture: $0.architecture), count: Int($0.count),
                killed: $0.killed)
        }
        let killer = denied.first(where: \.killed)
        let kind: Kind =
            switch (report.end, report.interruption) {
            case (.setup(let step, let number), _):
                .notExecuted(
                    status: number == ENOENT || number == ENOTDIR ? 127 : 126,
                    reason: number == 0 ? step : "\(step): \(systemMessage(number))")
            case (_, .deniedCall):
                .ended(reason: "it called \(killer?.name ?? "what"), which its seccomp policy answers by ending it")
            case (_, .terminated): .ended(reason: "it was ended from outside")
            case (.signaled(SIGKILL), _) where sandboxHasEnded: .ended(reason: "its sandbox has ended")
            case (.signaled(let number), _): .signaled(number)
            case (.exited(let status), _): .exited(status)
            }
        self.init(kind: kind, deniedCalls: denied)
    }
}
