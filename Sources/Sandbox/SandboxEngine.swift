package import Configuration

/// What the engine needs to know of the host's configuration.
package struct SandboxSettings: Sendable {
    /// Path of the `altp-init` executable.
    package var initExecutable: String
    /// Path of the static `altp` executable that sandboxes see at `/usr/bin/altp`; nil leaves it out.
    package var commandExecutable: String?
    /// `HostConfiguration.cgroup`.
    package var cgroup: String?
    package var rootfs: [String: RootfsDefinition]

    package init(
        initExecutable: String, commandExecutable: String?, cgroup: String? = nil,
        rootfs: [String: RootfsDefinition] = [:]
    ) {
        self.initExecutable = initExecutable
        self.commandExecutable = commandExecutable
        self.cgroup = cgroup
        self.rootfs = rootfs
    }
}

/// A failure to make or to reach a sandbox: what was tried, on what, what the system said, what to do.
package struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Makes sandboxes on this host. One per process; its methods may be called from any thread and block no cooperative one.
package final class SandboxEngine: Sendable {
    /// Finds the host's cgroup hierarchies and makes the group below which all of this engine's groups lie.
    package init(settings: SandboxSettings) throws(SandboxError) {
        fatalError("under construction")
    }

    /// What of the policy this host cannot enforce, a sentence each; empty when it can be used as it is.
    package func unenforceable(_ policy: Policy) -> [String] { fatalError("under construction") }

    /// Creates the attempt's directory with everything in it but what a start adds. Fails when it exists.
    ///
    /// The directory's layout: `spec.json`, `scratch/`, `events.jsonl`, `log`, `lock`, and at the end `outcome.json`.
    package func prepare(_ specification: SandboxSpecification, at directory: AttemptDirectory)
        async throws(SandboxError)
    {
        fatalError("under construction")
    }

    /// Starts the prepared attempt. When this returns, its pid 1 runs on its own, whatever becomes of this process.
    package func start(_ directory: AttemptDirectory) async throws(SandboxError) -> RunningSandbox {
        fatalError("under construction")
    }

    /// Finds out what became of an attempt that an earlier process prepared and perhaps started.
    package func recover(_ directory: AttemptDirectory) async throws(SandboxError) -> Recovery {
        fatalError("under construction")
    }

    /// Creates the directory that a Processing's Scripts share, owned by its identity.
    package func makeProcessingDirectory(_ path: String, identity: SandboxIdentity) async throws(SandboxError) {
        fatalError("under construction")
    }

    /// Removes a whole directory tree that sandboxes could write to: follows no link, crosses no mount.
    package func removeTree(_ path: String) async throws(SandboxError) {
        fatalError("under construction")
    }

    /// Removes the groups that the engine made for itself, when no sandbox uses them any more.
    package func shutDown() {
        fatalError("under construction")
    }
}

package enum Recovery: Sendable {
    /// Its pid 1 lives; it will end as if nothing had happened.
    case running(RunningSandbox)
    case ended(Outcome)
    /// The Script's command was certainly never executed, and now never will be from that start: it may be started again.
    case neverStarted
    /// It was started, and neither lives nor left an outcome (a power cut, or its pid 1 was killed).
    case lost(Outcome)
}

/// An attempt under way.
package final class RunningSandbox: Sendable {
    /// Pid 1 of the sandbox, in the host's numbers.
    package let pid: Int32

    init(pid: Int32) { self.pid = pid }

    /// The outcome, once it is durable on disk. May be awaited by one caller.
    package func outcome() async -> Outcome { fatalError("under construction") }

    /// Asks pid 1 to end the Script: SIGTERM, after the policy's grace SIGKILL. The outcome will be `cancelled`,
    /// unless the Script ended by itself before.
    package func terminate() { fatalError("under construction") }
}

/// Paths of an attempt's directory.
package struct AttemptDirectory: Sendable, Hashable {
    package var path: String

    package init(path: String) { self.path = path }

    package var specification: String { "\(path)/spec.json" }
    package var scratch: String { "\(path)/scratch" }
    /// What the Script appended to `$ALTP_EVENTS`: hostile bytes.
    package var events: String { "\(path)/events.jsonl" }
    package var log: String { "\(path)/log" }
    package var lock: String { "\(path)/lock" }
    package var outcome: String { "\(path)/outcome.json" }
}
