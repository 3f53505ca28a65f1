import CLinux
import Glibc
import Linux
import SandboxPlan

/// What the Script's first process does to itself between its birth and its exec, in this order.
enum ConfinementStep: Int32 {
    case groups, groupNamespace, namespaces, loopback, hostName, boundingSet, userGroups, user, session, streams,
        descriptors
    case workingDirectory, capabilities, newPrivileges, filter, execute

    func text(of plan: Plan) -> String {
        switch self {
        case .groups: "join the cgroups"
        case .groupNamespace: "unshare the cgroup namespace"
        case .namespaces: "enter the sandbox's namespaces"
        case .loopback: "bring up the loopback interface"
        case .hostName: "sethostname \(plan.hostName)"
        case .boundingSet: "cut the capability bounding set"
        case .capabilities: "set the capabilities \(String(plan.capabilities, radix: 16))"
        case .userGroups: "setgroups and setresgid \(plan.gid)"
        case .user: "setresuid \(plan.uid)"
        case .session: "setsid"
        case .streams: "dup2 of the standard streams"
        case .descriptors: "close_range"
        case .workingDirectory: "chdir \(plan.workingDirectory)"
        case .newPrivileges: "prctl PR_SET_NO_NEW_PRIVS"
        case .filter: "install the seccomp filter"
        case .execute: "execute \(plan.arguments.first ?? "")"
        }
    }
}

struct Confinement {
    let plan: Plan
    let filter: Filter?
    /// The `tasks` of groups in v1 hierarchies.
    let groups: [Int32]
    let go: Int32
    let news: Int32
    let output: Int32?
    /// The Script's side of a terminal of the sandbox's own.
    let terminal: Int32?
    let joining: JoinedSandbox?

    /// Becomes the Script. Never returns: what fails is told to pid 1.
    func enterAndExecute() -> Never {
        waitForGo()
        PhaseTrace.mark("go")
        joinGroups()
        PhaseTrace.mark("join the groups")
        require(.groupNamespace, LinuxCall.unshareGroupNamespace())
        PhaseTrace.mark("cgroup namespace")
        if let joining {
            for namespace in joining.namespaces { require(.namespaces, LinuxCall.enter(namespace)) }
        } else {
            if !plan.sharesNetwork { require(.loopback, LinuxCall.loopbackUp()) }
            PhaseTrace.mark("loopback")
            require(.hostName, sethostname(plan.hostName, plan.hostName.utf8.count))
        }
        if plan.isHeld {
            ChildMessage.namespacesAreMade.send(to: news)
            waitForGo()
            _exit(EXIT_SUCCESS)
        }
        dropBoundingSet()
        PhaseTrace.mark("host name and bounding set")
        // Supplementary groups go first, also when there are none: they are the starter's.
        require(.userGroups, setgroups(0, nil))
        require(.userGroups, LinuxCall.becomeGroup(plan.gid))
        require(.user, LinuxCall.becomeUser(plan.uid))
        // The joiner is no pid 1, whose end would end this process too.
        if joining != nil { require(.session, LinuxCall.prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))) }
        require(.session, setsid() < 0 ? -1 : 0)
        umask(0o022)
        PhaseTrace.mark("groups, user and session")
        setStreams()
        require(.workingDirectory, chdir(plan.workingDirectory))
        setCapabilities()
        require(.newPrivileges, LinuxCall.prctl(PR_SET_NO_NEW_PRIVS, 1))
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)

        let vector = CStrings(plan.arguments)
        let environment = CStrings(plan.environment)
        let candidates = Self.executables(plan).map { strdup($0)! }
        PhaseTrace.mark("streams and arguments")
        ChildMessage.isConfined(listener: installFilter()).send(to: news)
        waitForGo()
        execute(candidates, vector, environment)
    }

    private func waitForGo() {
        var byte: UInt8 = 0
        // End of file: pid 1 gave up, and the namespace goes with it.
        guard read(go, &byte, 1) == 1 else { _exit(EXIT_FAILURE) }
    }

    /// By itself, as the one thread that it is: another's move takes a lock on all processes of the host, for which the
    /// kernel waits several milliseconds, group for group.
    private func joinGroups() {
        for group in groups { require(.groups, write(group, "0", 1) == 1 ? 0 : -1) }
    }

    private func require(_ step: ConfinementStep, _ result: Int32) {
        guard result < 0 else { return }
        ChildMessage.failure(step, errno).send(to: news)
        _exit(EXIT_FAILURE)
    }

    private func dropBoundingSet() {
        var capability: UInt = 0
        while LinuxCall.prctl(PR_CAPBSET_READ, capability) >= 0 {
            if !isGranted(capability) { require(.boundingSet, LinuxCall.prctl(PR_CAPBSET_DROP, capability)) }
            capability += 1
        }
    }

    private func isGranted(_ capability: UInt) -> Bool { capability < 64 && plan.capabilities >> capability & 1 == 1 }

    /// Ambient too: else a user other than root would lose them at the exec.
    private func setCapabilities() {
        require(.capabilities, LinuxCall.setCapabilities(plan.capabilities))
        for capability in UInt(0)..<64 where isGranted(capability) {
            require(.capabilities, LinuxCall.raiseAmbient(capability))
        }
    }

    /// Leaves 0, 1, 2, and close-on-exec the two pipes to pid 1.
    private func setStreams() {
        if let output {
            let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            require(.streams, input)
            require(.streams, dup2(input, 0))
            require(.streams, dup2(output, 1))
            require(.streams, dup2(output, 2))
        }
        if let terminal {
            require(.streams, ioctl(terminal, UInt(TIOCSCTTY), 0))
            for stream in Int32(0)...2 { require(.streams, dup2(terminal, stream)) }
        }
        // The pipes move to 3 and 4, out of the way of what else pid 1 has open.
        let low = min(go, news)
        let high = max(go, news)
        var next: UInt32 = 3
        for kept in [low, high] {
            if UInt32(kept) > next { require(.descriptors, LinuxCall.closeRange(next, UInt32(kept) - 1)) }
            next = UInt32(kept) + 1
        }
        require(.descriptors, LinuxCall.closeRange(next, .max))
    }

    /// From here on the filter holds: read, write and execve are all that this program still calls.
    ///
    /// - Returns: its listener.
    private func installFilter() -> Int32? {
        guard let filter else { return nil }
        let listener = LinuxCall.installFilter(filter.program, filter.instructions, flags: filter.flags)
        require(.filter, listener)
        PhaseTrace.mark("install the filter")
        return listener
    }

    /// Tries what a shell would try for the command's name, and tells why none of it could be executed.
    private func execute(_ candidates: [UnsafeMutablePointer<CChar>], _ vector: CStrings, _ environment: CStrings)
        -> Never
    {
        var failure = ENOENT
        for candidate in candidates {
            execve(candidate, vector.pointers, environment.pointers)
            if errno != ENOENT && errno != ENOTDIR { failure = errno }
        }
        ChildMessage.failure(.execute, failure).send(to: news)
        _exit(EXIT_FAILURE)
    }

    /// The paths that the command's name may mean, by the PATH of the environment that it gets.
    static func executables(_ plan: Plan) -> [String] {
        guard let name = plan.arguments.first, !name.isEmpty else { return [] }
        if name.utf8.contains(UInt8(ascii: "/")) { return [name] }
        let path = plan.environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
    }
}

/// A list of strings as execve(2) wants it; never freed, for the exec or the exit does that.
struct CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(_ strings: [String]) {
        pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[strings.count] = nil
    }
}
