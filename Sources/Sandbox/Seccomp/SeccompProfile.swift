import FoundationEssentials

/// A seccomp profile in the form that OCI runtimes read (runtime-spec, config-linux, "Seccomp"; Docker's and Podman's files).
struct SeccompProfile: Sendable, Hashable, Codable {
    enum Action: String, Sendable, Hashable, Codable {
        case allow = "SCMP_ACT_ALLOW"
        case log = "SCMP_ACT_LOG"
        case error = "SCMP_ACT_ERRNO"
        case kill = "SCMP_ACT_KILL"
        case killThread = "SCMP_ACT_KILL_THREAD"
        case killProcess = "SCMP_ACT_KILL_PROCESS"
        case trap = "SCMP_ACT_TRAP"

        var kills: Bool { self == .kill || self == .killThread || self == .killProcess }
    }

    enum Comparison: String, Sendable, Hashable, Codable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    struct Argument: Sendable, Hashable, Codable {
        var index: UInt32
        var value: UInt64
        var valueTwo: UInt64?
        var op: Comparison
    }

    /// When a rule counts: with these architectures or capabilities (`includes`), or without them (`excludes`).
    struct Condition: Sendable, Hashable, Codable {
        var caps: [String]?
        var arches: [String]?
        var minKernel: String?
    }

    struct Rule: Sendable, Hashable, Codable {
        var names: [String]
        var action: Action
        var errnoRet: Int32?
        var args: [Argument]?
        var comment: String?
        var includes: Condition?
        var excludes: Condition?

        init(names: [String], action: Action = .allow, errnoRet: Int32? = nil, args: [Argument]? = nil) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }
    }

    var defaultAction: Action
    var defaultErrnoRet: Int32?
    var syscalls: [Rule]?

    init(defaultAction: Action, defaultErrnoRet: Int32? = nil, syscalls: [Rule]) {
        self.defaultAction = defaultAction
        self.defaultErrnoRet = defaultErrnoRet
        self.syscalls = syscalls
    }

    /// Reads a profile's file, at most a mebibyte.
    static func read(_ path: String) throws(SandboxError) -> SeccompProfile {
        do {
            let content = try readFileBytes(path)
            return try JSONDecoder().decode(SeccompProfile.self, from: Data(content))
        } catch let error as DecodingError {
            throw SandboxError("reading the seccomp profile \(path): \(explain(error))")
        } catch {
            throw SandboxError("reading the seccomp profile \(path): \(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        let context: DecodingError.Context =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: .init(codingPath: [], debugDescription: "\(error)")
            }
        let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return "\(place.isEmpty ? "" : "at \(place): ")\(context.debugDescription)"
    }
}
