import CLinux
import Glibc
import Linux
import SandboxPlan

/// A pid 1, just started or found alive.
struct InitProcess: ~Copyable {
    let pid: Int32
    let pidfd: FileDescriptor
    /// At which it waits, when it was forked by a server.
    let gate: StartGate?

    init(pid: Int32, pidfd: consuming FileDescriptor, gate: StartGate? = nil) {
        self.pid = pid
        self.pidfd = pidfd
        self.gate = gate
    }

    /// Starts `altp-init` in its mount and pid namespace, with the plan, the attempt's directory and the filter.
    ///
    /// - Parameter starter: executes it for this one sandbox, or has a server fork it.
    /// - Parameter hold: the lock of the sandbox's image, held by pid 1 as long as it lives: the kernel then releases it
    ///   whatever happens, and it outlives this process.
    /// - Parameter streams: its standard streams; nil for the null device.
    /// - Parameter tracesPhases: leaves the times of its phases in the attempt's directory.
    static func spawn(
        _ starter: InitStarter, plan: Plan, filter: CompiledFilter?, directory: AttemptDirectory, streams: [Int32]?,
        hold: ImageHold?, tracesPhases: Bool = false
    ) throws(SandboxError) -> InitProcess {
        try plan.refuseNUL()
        do throws(SystemError) {
            let planFile = try FileDescriptor.open(
                directory.plan, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            try planFile.writeAll(plan.bytes)
            try check("lseek", directory.plan) { lseek(planFile.raw, 0, SEEK_SET) }
            let attempt = try FileDescriptor.open(directory.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            let null = try FileDescriptor.open("/dev/null", O_RDWR)
            var descriptors = streams ?? [null.raw, null.raw, null.raw]
            descriptors += [planFile.raw, attempt.raw]
            if let filter { descriptors.append(filter.file.descriptor.raw) }
            if let hold { descriptors.append(hold.descriptor.raw) }
            defer { withExtendedLifetime(hold) {} }
            return try starter.start(descriptors, isBare: plan.isBare, tracesPhases: tracesPhases)
        } catch {
            throw SandboxError("starting the sandbox: \(error)")
        }
    }

    /// - Parameters:
    ///   - words: its arguments.
    ///   - flags: the namespaces that it gets of its own.
    ///   - cgroup: a group of the unified hierarchy, as a descriptor, that it is in from the start; -1 for this process's.
    static func spawn(
        _ executable: String, _ words: [String], _ descriptors: [Int32], flags: UInt64, cgroup: Int32 = -1,
        environment: String? = nil
    ) throws(SystemError) -> InitProcess {
        var pidfd: Int32 = -1
        var call: UnsafePointer<CChar>?
        let pid = executable.withCString { path in
            let words = words.map { strdup($0) }
            defer { words.forEach { free($0) } }
            var arguments: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: path)] + words + [nil]
            let variable = environment.map { strdup($0) } ?? nil
            defer { free(variable) }
            var environment: [UnsafeMutablePointer<CChar>?] = [variable, nil]
            return altp_spawn(
                path, &arguments, &environment, descriptors, Int32(descriptors.count),
                flags, cgroup, &pidfd, &call)
        }
        guard pid > 0 else { throw SystemError(call.map { String(cString: $0) } ?? "clone3", executable) }
        return InitProcess(pid: pid, pidfd: FileDescriptor(owning: pidfd))
    }
}

/// How a pid 1 is started.
enum InitStarter: Sendable {
    /// By executing it: for one who makes few sandboxes, which are to end with it.
    case execute(String)
    /// By a fork of a process that serves many.
    case fork(ForkServer)

    /// - Parameter descriptors: what it gets as 0, 1, 2 …
    /// - Parameter isBare: without namespaces.
    func start(_ descriptors: [Int32], isBare: Bool, tracesPhases: Bool) throws(SystemError) -> InitProcess {
        switch self {
        case .execute(let path):
            return try InitProcess.spawn(
                path, [], descriptors, flags: isBare ? 0 : altp_clone_newns | altp_clone_newpid,
                environment: tracesPhases ? "ALTP_PHASES=1" : nil)
        case .fork(let server):
            let gate = try StartGate.make()
            return try server.start(
                descriptors + [gate.other.raw], gate: gate.own,
                options: (isBare ? ForkRequest.isBare : 0) | (tracesPhases ? ForkRequest.tracesPhases : 0))
        }
    }
}

extension Plan {
    /// What execve(2) would cut short.
    func refuseNUL() throws(SandboxError) {
        for text in arguments + environment + [workingDirectory] where text.utf8.contains(0) {
            throw SandboxError("starting the sandbox: an argument or a variable contains a NUL character")
        }
    }
}
