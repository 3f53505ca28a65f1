/// A seccomp profile in the form that OCI runtimes read (runtime-spec, config-linux, "Seccomp"; Docker's and Podman's files).
struct SeccompProfile: Sendable, Hashable {
    /// A kill ends the whole sandbox, whether the profile says thread or process: pid 1 does it, so that the outcome can
    /// name the call, and a Script that lost one thread or process on the way has failed anyhow.
    enum Action: String, Sendable, Hashable, CaseIterable {
        case allow = "SCMP_ACT_ALLOW"
        case log = "SCMP_ACT_LOG"
        case error = "SCMP_ACT_ERRNO"
        case kill = "SCMP_ACT_KILL"
        case killThread = "SCMP_ACT_KILL_THREAD"
        case killProcess = "SCMP_ACT_KILL_PROCESS"
        case trap = "SCMP_ACT_TRAP"

        var kills: Bool { self == .kill || self == .killThread || self == .killProcess }
    }

    enum Comparison: String, Sendable, Hashable, CaseIterable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    struct Argument: Sendable, Hashable {
        var index: UInt32
        /// What is compared with; for a masked comparison the mask.
        var value: UInt64
        /// For a masked comparison what must remain.
        var valueTwo: UInt64?
        var op: Comparison
    }

    /// When a rule counts: with these architectures or capabilities (`includes`), or without them (`excludes`).
    struct Condition: Sendable, Hashable {
        var caps: [String] = []
        var arches: [String] = []
        var minKernel: KernelVersion?
    }

    struct Rule: Sendable, Hashable {
        var names: [String]
        var action: Action
        var errnoRet: Int32?
        var args: [Argument]
        var includes = Condition()
        var excludes = Condition()

        init(names: [String], action: Action = .allow, errnoRet: Int32? = nil, args: [Argument] = []) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }
    }

    /// The tables of one architecture that go with it, as Docker and Podman write them.
    struct ArchitectureFamily: Sendable, Hashable {
        var architecture: Architecture
        var subArchitectures: [Architecture]
    }

    var defaultAction: Action
    var defaultErrnoRet: Int32?
    /// Whose tables the rules hold for, beside the machine's own; calls by any other table kill.
    var architectures: [Architecture] = []
    var archMap: [ArchitectureFamily] = []
    var flags: [FilterFlag] = []
    var syscalls: [Rule]

    init(defaultAction: Action, defaultErrnoRet: Int32? = nil, syscalls: [Rule]) {
        self.defaultAction = defaultAction
        self.defaultErrnoRet = defaultErrnoRet
        self.syscalls = syscalls
    }
}

/// The flags of seccomp(2) that a profile may ask for.
enum FilterFlag: String, Sendable, Hashable, CaseIterable {
    /// Holds for all threads; the process that installs the filter has one.
    case allThreads = "SECCOMP_FILTER_FLAG_TSYNC"
    case log = "SECCOMP_FILTER_FLAG_LOG"
    case allowSpeculation = "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
    case waitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"

    /// As the kernel takes it (linux/seccomp.h).
    var bits: UInt32 {
        switch self {
        case .allThreads: 0
        case .log: 1 << 1
        case .allowSpeculation: 1 << 2
        case .waitKillable: 1 << 5
        }
    }
}

/// `5.12`, as a profile's `minKernel`.
struct KernelVersion: Sendable, Hashable, Comparable {
    var major: Int
    var minor: Int

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return nil
        }
        self.major = major
        self.minor = minor
    }

    static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }
}
