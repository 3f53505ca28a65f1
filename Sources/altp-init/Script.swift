import Glibc
import Linux
import SandboxPlan

/// The Script's first process, started and confined.
struct Script {
    let pid: pid_t
    let startedAt: Int64
    /// Where its output arrives; -1 when it writes to what pid 1 was given.
    let output: Int32
    /// The filter's listener, to which denied calls come; -1 when there is no filter.
    let listener: Int32

    /// Starts the plan's command in the rest of its namespaces, and returns once it is executed. Of a sandbox that is held,
    /// the process only makes what has to be made from inside, and ends.
    ///
    /// - Parameters:
    ///   - joining: the sandbox that the process joins instead of being the first of one.
    ///   - begin: returns when it may be executed: nothing but that is left to be done.
    static func start(
        _ plan: Plan, filter: Filter?, in surroundings: Surroundings, joining: JoinedSandbox? = nil,
        begin: () throws(SetupFailure) -> Void = {}
    ) throws(SetupFailure) -> Script {
        let go = try Pipe.make()
        let news = try Pipe.make()
        var output: Pipe?
        var terminal: Terminal?
        switch plan.standardStreams {
        case .log: output = try Pipe.make()
        case .inherited: break
        case .terminal(let rows, let columns):
            terminal = try setup { () throws(SystemError) in
                try Terminal.make(plan, rows: rows, columns: columns, socket: joining?.control ?? STDIN_FILENO)
            }
        }
        if let output {
            // Owned by the Script, so that it can open /dev/stdout by name.
            try setup { () throws(SystemError) in
                try check("fchown", "the log's pipe") {
                    fchown(output.writer, plan.firstUID + plan.uid, plan.firstUID + plan.gid)
                }
            }
        }
        PhaseTrace.mark("pipes")
        var namespaces: LinuxCall.Namespaces = joining == nil ? [.user, .ipc, .uts] : []
        if joining == nil, !plan.sharesNetwork { namespaces.insert(.network) }
        let pid = LinuxCall.fork(namespaces, group: surroundings.group)
        if pid == 0 {
            PhaseTrace.becomeChild()
            close(go.writer)
            close(news.reader)
            Confinement(
                plan: plan, filter: filter, groups: surroundings.groupTasks, go: go.reader, news: news.writer,
                output: output?.writer, terminal: terminal?.script, joining: joining
            ).enterAndExecute()
        }
        try setup { () throws(SystemError) in try check("clone3", "user, ipc, uts and network namespaces") { pid } }
        PhaseTrace.mark("clone the Script")
        close(go.reader)
        close(news.writer)
        if let output { close(output.writer) }
        if let terminal { close(terminal.script) }
        defer {
            close(go.writer)
            close(news.reader)
        }

        try setup { () throws(SystemError) in
            if joining == nil {
                try writeControlFile("/proc/\(pid)/uid_map", "0 \(plan.firstUID) \(plan.uidCount)")
                try writeControlFile("/proc/\(pid)/gid_map", "0 \(plan.firstUID) \(plan.uidCount)")
                PhaseTrace.mark("uid and gid maps")
                try ScriptNamespaces.keep(of: pid, plan)
                PhaseTrace.mark("keep the namespaces")
            }
            for limit in plan.resourceLimits {
                try check("prlimit", "\(limit.resource)") { LinuxCall.setResourceLimit(limit, of: pid) }
            }
            PhaseTrace.mark("resource limits")
        }
        var listener: Int32 = -1
        _ = write(go.writer, "g", 1)
        while true {
            if let joining, !joining.waitForNews(news.reader) {
                throw SetupFailure(step: "the Launcher has ended the session", number: 0)
            }
            guard let message = ChildMessage.read(from: news.reader) else { break }
            switch message {
            case .namespacesAreMade:
                ScriptNamespaces.keepGroups(of: pid)
                try begin()
                _ = write(go.writer, "g", 1)
            case .isConfined(let number):
                if let number {
                    // It must be taken before the exec closes it in the child.
                    let child = try setup { () throws(SystemError) -> FileDescriptor in try LinuxCall.openProcess(pid) }
                    listener = try setup { () throws(SystemError) in
                        try check("pidfd_getfd", "the seccomp listener") {
                            LinuxCall.takeDescriptor(number, of: child.raw)
                        }
                    }
                }
                PhaseTrace.mark("confine the Script")
                try begin()
                _ = write(go.writer, "g", 1)
            case .failure(let step, let number):
                waitpid(pid, nil, 0)
                throw SetupFailure(step: step.text(of: plan), number: number)
            }
        }
        if joining == nil, !plan.isHeld { ScriptNamespaces.keepGroups(of: pid) }
        PhaseTrace.mark("execute the Script")
        return Script(
            pid: pid, startedAt: Clock.realMilliseconds(), output: output?.reader ?? -1, listener: listener)
    }
}

struct Pipe {
    var reader: Int32
    var writer: Int32

    static func make() throws(SetupFailure) -> Pipe {
        try setup { () throws(SystemError) in
            var ends: [Int32] = [-1, -1]
            try check("pipe2") { LinuxCall.pipe(&ends) }
            return Pipe(reader: ends[0], writer: ends[1])
        }
    }
}

/// What the child says to pid 1 before its exec: three numbers of four bytes.
enum ChildMessage {
    /// All but executed; with its filter's listener, when it has a filter.
    case isConfined(listener: Int32?)
    /// Of a sandbox that is held.
    case namespacesAreMade
    case failure(ConfinementStep, Int32)

    static func read(from pipe: Int32) -> ChildMessage? {
        var words: [Int32] = [0, 0, 0]
        let count = words.withUnsafeMutableBytes { buffer in
            while true {
                let count = Glibc.read(pipe, buffer.baseAddress!, buffer.count)
                if count >= 0 || errno != EINTR { return count }
            }
        }
        guard count == 12 else { return nil }
        if words[0] == 0 { return .isConfined(listener: words[1] < 0 ? nil : words[1]) }
        if words[0] == 2 { return .namespacesAreMade }
        return .failure(ConfinementStep(rawValue: words[1]) ?? .execute, words[2])
    }

    func send(to pipe: Int32) {
        let words: [Int32] =
            switch self {
            case .isConfined(let listener): [0, listener ?? -1, 0]
            case .namespacesAreMade: [2, 0, 0]
            case .failure(let step, let number): [1, step.rawValue, number]
            }
        _ = words.withUnsafeBytes { write(pipe, $0.baseAddress!, $0.count) }
    }
}
