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
    let instructions: Int
    let denial: DenialAnswer
    let denials: [Int32: DenialAnswer]
    let newestCall: Int32
}

final class FilterFile: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

/// Compiles profiles with libseccomp, each once.
///
/// What a profile refuses is sent to pid 1 (`SCMP_ACT_NOTIFY`), which counts it, knows its number, and gives the answer that
/// the profile gives: that is how an outcome can name the call. Only a refusal that says "no such call" (`ENOSYS`) is
/// answered by the filter itself: programs probe for new calls, and that is no finding.
final class SeccompCompiler: Sendable {
    private let cache = Mutex<[SeccompProfile: CompiledFilter]>([:])

    init() {}

    /// The filter of a policy's choice; nil for `none`.
    func filter(_ choice: SeccompChoice) throws(SandboxError) -> CompiledFilter? {
        let profile: SeccompProfile
        switch choice {
        case .none: return nil
        case .default: profile = .default
        case .strict: profile = .strict
        case .file(let path): profile = try .read(path)
        }
        if let ready = cache.withLock({ $0[profile] }) { return ready }
        let filter = try Self.compile(profile, named: "\(choice)")
        cache.withLock { $0[profile] = filter }
        return filter
    }

    private static func compile(_ profile: SeccompProfile, named name: String) throws(SandboxError) -> CompiledFilter {
        func failed(_ call: String, _ result: Int32) -> SandboxError {
            SandboxError("compiling the seccomp policy \(name): \(call): \(systemMessage(-result))")
        }
        guard let context = seccomp_init(action(profile.defaultAction, error: profile.defaultErrnoRet)) else {
            throw SandboxError("compiling the seccomp policy \(name): seccomp_init failed")
        }
        defer { seccomp_release(context) }
        // A binary tree instead of a list: a call passes some ten comparisons instead of hundreds.
        seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        // Calls of another architecture's table, such as 32-bit ones, would get round the rules.
        let badArchitecture = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, scmp_act_kill_process)
        guard badArchitecture == 0 else { throw failed("seccomp_attr_set", badArchitecture) }

        var denials: [Int32: DenialAnswer] = [:]
        var newest: Int32 = 0
        for rule in profile.syscalls ?? [] where applies(rule) {
            let ruleAction = action(rule.action, error: rule.errnoRet)
            for name in rule.names {
                // Where it has no number, the default holds for it.
                guard let number = number(of: name) else { continue }
                newest = max(newest, number)
                if let answer = answer(rule.action, error: rule.errnoRet) { denials[number] = answer }
                // libseccomp refuses a rule that says what the default says.
                if ruleAction == action(profile.defaultAction, error: profile.defaultErrnoRet) { continue }
                let arguments = (rule.args ?? []).map { compare($0) }
                let result = seccomp_rule_add_array(context, ruleAction, number, UInt32(arguments.count), arguments)
                guard result == 0 else { throw failed("seccomp_rule_add \(name)", result) }
            }
        }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.memory("seccomp", [])
        } catch {
            throw SandboxError("compiling the seccomp policy \(name): \(error)")
        }
        let exported = seccomp_export_bpf(context, file.raw)
        guard exported == 0 else { throw failed("seccomp_export_bpf", exported) }
        let size = lseek(file.raw, 0, SEEK_END)
        return CompiledFilter(
            file: FilterFile(file), instructions: Int(size) / 8,
            denial: answer(profile.defaultAction, error: profile.defaultErrnoRet) ?? .error(EPERM), denials: denials,
            newestCall: profile.defaultAction == .allow ? .max : newest)
    }

    /// For now no policy grants a capability, and only the native architecture's calls are let through.
    private static func applies(_ rule: SeccompProfile.Rule) -> Bool {
        let native = ["amd64", "x86_64"]
        if let includes = rule.includes {
            if includes.caps?.isEmpty == false { return false }
            if let arches = includes.arches, !arches.isEmpty, !arches.contains(where: native.contains) { return false }
        }
        if let arches = rule.excludes?.arches, arches.contains(where: native.contains) { return false }
        return true
    }

    private static func action(_ action: SeccompProfile.Action, error: Int32?) -> UInt32 {
        switch action {
        case .allow: scmp_act_allow
        case .log: scmp_act_log
        case .trap: scmp_act_trap
        case .error where error == ENOSYS: scmp_act_enosys
        case .error, .kill, .killThread, .killProcess: scmp_act_notify
        }
    }

    private static func answer(_ action: SeccompProfile.Action, error: Int32?) -> DenialAnswer? {
        switch action {
        case .error: .error(error ?? EPERM)
        case .kill, .killThread, .killProcess: .kill
        case .allow, .log, .trap: nil
        }
    }

    private static func compare(_ argument: SeccompProfile.Argument) -> scmp_arg_cmp {
        let op: scmp_compare =
            switch argument.op {
            case .notEqual: SCMP_CMP_NE
            case .less: SCMP_CMP_LT
            case .lessOrEqual: SCMP_CMP_LE
            case .equal: SCMP_CMP_EQ
            case .greaterOrEqual: SCMP_CMP_GE
            case .greater: SCMP_CMP_GT
            case .maskedEqual: SCMP_CMP_MASKED_EQ
            }
        // For a masked comparison the mask is `value`, and what must remain `valueTwo`.
        return scmp_arg_cmp(
            arg: argument.index, op: op, datum_a: argument.value, datum_b: argument.valueTwo ?? 0)
    }

    /// A call's number in this architecture's table; nil when it has none, or libseccomp does not know the name.
    static func number(of name: String) -> Int32? {
        let number = seccomp_syscall_resolve_name(name)
        return number >= 0 ? number : nil
    }

    /// The name of a call, as in the kernel's table of that architecture (an `AUDIT_ARCH_` value).
    static func name(of number: Int32, architecture: UInt32) -> String {
        guard let text = seccomp_syscall_resolve_num_arch(architecture, number) else { return "syscall_\(number)" }
        defer { free(text) }
        return String(cString: text)
    }
}
