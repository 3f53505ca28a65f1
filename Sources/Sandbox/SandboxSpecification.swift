package import Configuration

/// Everything that one attempt needs to run, resolved: written as `spec.json` into the attempt's directory before it starts,
/// so that the directory alone suffices to see, enter or rerun it.
package struct SandboxSpecification: Sendable, Codable, Hashable {
    /// `42/calibrate#1`; what messages call the attempt.
    package var reference: String
    /// The argument vector; a shell line is `["/bin/sh", "-c", LINE]`.
    package var command: [String]
    /// The whole environment; nothing is inherited.
    package var environment: [String: String]
    /// `/scratch` or `/processing`.
    package var workingDirectory: String
    package var policy: Policy
    package var identity: SandboxIdentity
    /// Host path of the Processing's shared directory, bound at `/processing`; nil leaves it out.
    package var processingDirectory: String?
    /// Host path of the Task's scripts, bound read-only at `/scripts`.
    package var scriptsDirectory: String?
    /// Host path of the directory that holds the API's socket `altp.sock`; seen inside as `/run/altp.sock`.
    package var socketDirectory: String?
    /// Bytes that the Script may append to `/run/altp-events`; nil leaves that file out.
    package var eventsLimit: Int64?
    /// Where its directories lie; set when the attempt is prepared.
    package internal(set) var storage = SandboxStorage.directories
    /// It had no sandbox: see `BareMode`. Set when the attempt is prepared; nil for all others.
    package internal(set) var isBare: Bool?

    package init(
        reference: String, command: [String], environment: [String: String], workingDirectory: String = "/scratch",
        policy: Policy, identity: SandboxIdentity, processingDirectory: String? = nil, scriptsDirectory: String? = nil,
        socketDirectory: String? = nil, eventsLimit: Int64? = nil
    ) {
        self.reference = reference
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.policy = policy
        self.identity = identity
        self.processingDirectory = processingDirectory
        self.scriptsDirectory = scriptsDirectory
        self.socketDirectory = socketDirectory
        self.eventsLimit = eventsLimit
    }
}

/// The block of host uids and gids that a sandbox's user namespace maps to 0, 1, 2 … inside.
package struct SandboxIdentity: Sendable, Codable, Hashable {
    package var firstUID: UInt32
    /// What the Script runs as, seen from inside.
    package static let scriptUID: UInt32 = 1000

    package init(firstUID: UInt32) { self.firstUID = firstUID }

    /// What the Script runs as, seen from the host.
    package var hostUID: UInt32 { firstUID + Self.scriptUID }

    /// The project, as quotas have it, that its files count for.
    var project: UInt32 { firstUID }
}
