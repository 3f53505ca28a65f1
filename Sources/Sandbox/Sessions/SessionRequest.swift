/// What a session leaves out of what the attempt was held to.
package enum Relaxation: String, Sendable, Codable, Hashable, CaseIterable {
    /// The host's network instead of the sandbox's.
    case network
    /// No seccomp filter.
    case seccomp
    /// None of the policy's limits but the disk's.
    case limits
}

/// A wish to enter an attempt's sandbox.
package struct SessionRequest: Sendable, Hashable {
    /// nil for an interactive shell: bash where the rootfs has it, else sh.
    package var command: [String]?
    package var relax: Set<Relaxation>
    /// A view of an ended attempt that is thrown away afterwards, so that the attempt stays as it was.
    package var snapshot: Bool
    /// A folder of the host that the session sees read-only at `/debug`, and has on its PATH.
    package var with: String?
    /// The size of the terminal that the session gets; nil for three pipes.
    package var terminal: TerminalSize?
    /// Variables beside the attempt's, or in their place: `TERM`, `LANG` and the like.
    package var environment: [String: String]

    package init(
        command: [String]? = nil, relax: Set<Relaxation> = [], snapshot: Bool = false, with: String? = nil,
        terminal: TerminalSize? = nil, environment: [String: String] = [:]
    ) {
        self.command = command
        self.relax = relax
        self.snapshot = snapshot
        self.with = with
        self.terminal = terminal
        self.environment = environment
    }
}

/// What somebody who enters wants to know.
package struct SessionFacts: Sendable, Hashable {
    /// The Script's own command, which `rerun-script` runs.
    package var command: [String]
    package var workingDirectory: String
    /// In the order of `Relaxation.allCases`.
    package var relaxed: [Relaxation]
    package var snapshot: Bool
    /// How the attempt ended; nil while its Script runs.
    package var outcome: Outcome?
    /// Who else is inside, such as `cli:root`.
    package var others: [String]

    package init(
        command: [String], workingDirectory: String, relaxed: [Relaxation] = [], snapshot: Bool = false,
        outcome: Outcome? = nil, others: [String] = []
    ) {
        self.command = command
        self.workingDirectory = workingDirectory
        self.relaxed = relaxed
        self.snapshot = snapshot
        self.outcome = outcome
        self.others = others
    }
}

/// How a session ended.
package struct SessionEnd: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case exited(Int32)
        case signaled(Int32)
        /// Its command could not be executed: 127 when it was not found, else 126; and why.
        case notExecuted(status: Int32, reason: String)
        /// It was ended from outside: by `end()`, by its Script's end, or because its joiner was lost.
        case ended(reason: String)
    }

    package var kind: Kind
    package var deniedCalls: [DeniedCall]

    package init(kind: Kind, deniedCalls: [DeniedCall] = []) {
        self.kind = kind
        self.deniedCalls = deniedCalls
    }

    /// As a shell gives it: 128+n for signal n.
    package var status: Int32 {
        switch kind {
        case .exited(let status), .notExecuted(let status, _): status
        case .signaled(let number): 128 + number
        case .ended: 128 + 9
        }
    }

    /// In words: `exit status 1`.
    package var text: String {
        switch kind {
        case .exited(let status): "exit status \(status)"
        case .signaled(let number): "signal \(number)"
        case .notExecuted(_, let reason), .ended(let reason): reason
        }
    }
}
