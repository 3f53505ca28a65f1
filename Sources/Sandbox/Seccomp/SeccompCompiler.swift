import CSeccomp
import Configuration
import Glibc
import Linux
import SandboxPlan
import Synchronization

/// A filter as the kernel takes it, with what pid 1 answers to the calls that it sends there.
struct CompiledFilter: Sendable {
    /// The instructions in a memory file; closed with the last sandbox that may still be started with it.
    let file: FilterFile
    let plan: FilterPlan

    var instructions: Int { plan.instructions }
}

final class FilterFile: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Its bytes, for the cache.
    func content() throws(SystemError) -> [UInt8] {
        try check("lseek", "the filter") { lseek(descriptor.raw, 0, SEEK_SET) }
        return try descriptor.readAll(limit: FilterCache.largestFile)
    }
}

/// Makes filters of policies' choices, each once: in memory, and when it has a cache also on disk.
///
/// What a profile refuses is sent to pid 1 (`SCMP_ACT_NOTIFY`), which counts it, knows its number, and gives the answer that
/// the profile gives: that is how an outcome can name the call. Only a refusal that says "no such call" (`ENOSYS`) is
/// answered by the filter itself: programs probe for new calls, and that is no finding.
final class SeccompCompiler: Sendable {
    private let ready = Mutex<[FilterKey: CompiledFilter]>([:])
    private let cache: FilterCache?

    init(cache: FilterCache? = nil) { self.cache = cache }

    /// The filter of a policy's choice for a sandbox with these capabilities (`CAP_` names); nil for `none`.
    func filter(_ choice: SeccompChoice, capabilities: [String] = []) throws(SandboxError) -> CompiledFilter? {
        guard let source = try ProfileSource(choice) else { return nil }
        let key = FilterKey(source: source, capabilities: capabilities)
        if let filter = ready.withLock({ $0[key] }) { return filter }
        let filter: CompiledFilter
        if let stored = cache?.filter(for: key) {
            filter = stored
        } else {
            filter = try FilterBuilder(
                profile: try source.profile().resolved(capabilities: Set(capabilities), kernel: .running),
                name: source.name
            ).build()
            cache?.store(filter, for: key)
        }
        ready.withLock { $0[key] = filter }
        return filter
    }

    /// A filter that refuses nothing and reports every call but those that the start of a command needs before pid 1
    /// listens, and the return from a signal handler.
    static func learningFilter() throws(SandboxError) -> CompiledFilter {
        var filter = SeccompProfile(
            defaultAction: .killProcess, syscalls: [.init(names: LearnedProfile.alwaysAllowed)])
        filter.architectures = []
        let compiled = try FilterBuilder(profile: filter, name: "learning").build()
        var plan = compiled.plan
        plan.denial = .proceed
        plan.newestCalls = [:]
        return CompiledFilter(file: compiled.file, plan: plan)
    }

    /// A call's number in this architecture's table; nil when it has none, or libseccomp does not know the name.
    static func number(of name: String) -> Int32? {
        let number = seccomp_syscall_resolve_name(name)
        return number >= 0 ? number : nil
    }

    /// The name of a call, as in the kernel's table of that architecture (an `AUDIT_ARCH_` value).
    static func name(of number: Int32, architecture: UInt32) -> String {
        let isX32 = number >= 0 && number & Architecture.x32Bit != 0
        let token = isX32 ? architecture & ~Architecture.wideBit : architecture
        guard let text = seccomp_syscall_resolve_num_arch(token, number) else { return "syscall_\(number)" }
        defer { free(text) }
        return String(cString: text)
    }

    /// `2.5.4`; what is compiled depends on it.
    static let libraryVersion: String = {
        guard let version = seccomp_version() else { return "unknown" }
        return "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.micro)"
    }()
}

/// Where a profile comes from, with its bytes: what a cache can be asked by before anything is parsed.
struct ProfileSource {
    let name: String
    let content: [UInt8]
    private let builtIn: (() -> SeccompProfile)?

    /// Nil for `none`. A file is read, at most a mebibyte of it.
    init?(_ choice: SeccompChoice) throws(SandboxError) {
        switch choice {
        case .none: return nil
        case .default: self.init(builtIn: { .default }, name: "default")
        case .strict: self.init(builtIn: { .strict }, name: "strict")
        case .file(let path):
            do throws(SystemError) {
                self.init(name: path, content: try readFileBytes(path))
            } catch {
                throw SandboxError("reading the seccomp profile \(path): \(error)")
            }
        }
    }

    private init(name: String, content: [UInt8]) {
        self.name = name
        self.content = content
        builtIn = nil
    }

    /// Built-in profiles are known by a revision: making one takes longer than all else of a run's start.
    private init(builtIn: @escaping () -> SeccompProfile, name: String) {
        self.builtIn = builtIn
        self.name = name
        content = Array("built-in \(name) \(SeccompProfile.builtInRevision)".utf8)
    }

    func profile() throws(SandboxError) -> SeccompProfile {
        if let builtIn { return builtIn() }
        return try .parse(content, name)
    }
}

extension SeccompProfile {
    /// Differs when a built-in profile does: what a cached filter is found by after an update. A test holds it to them.
    static let builtInRevision = "d6e76e84096886da6c646067d0a5b792"

    /// Text that differs when two profiles do.
    var fingerprint: [UInt8] {
        var text = "\(defaultAction.rawValue) \(defaultErrnoRet ?? -1)\n"
        for rule in syscalls {
            text += "\(rule.action.rawValue) \(rule.errnoRet ?? -1)"
            for name in rule.names { text += " \(name)" }
            for argument in rule.args {
                text += " \(argument.index) \(argument.op.rawValue) \(argument.value) \(argument.valueTwo ?? 0)"
            }
            text += "\n"
        }
        return Array(text.utf8)
    }
}
