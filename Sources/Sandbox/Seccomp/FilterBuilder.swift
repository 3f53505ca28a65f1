import CSeccomp
import Glibc
import Linux
import SandboxPlan

/// Compiles one resolved profile with libseccomp.
struct FilterBuilder {
    let profile: SeccompProfile
    /// What messages call it.
    let name: String

    func build() throws(SandboxError) -> CompiledFilter {
        var plan = FilterPlan()
        let context = try makeContext(&plan)
        defer { seccomp_release(context) }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.memory("seccomp", [])
        } catch {
            throw SandboxError("compiling the seccomp policy \(name): \(error)")
        }
        try require("seccomp_export_bpf", seccomp_export_bpf(context, file.raw))
        plan.instructions = Int(lseek(file.raw, 0, SEEK_END)) / 8
        // BPF_MAXINSNS of linux/bpf_common.h.
        guard plan.instructions <= 4096 else {
            throw SandboxError(
                "compiling the seccomp policy \(name): it takes \(plan.instructions) instructions, and the kernel takes "
                    + "4096: use fewer rules with conditions, or fewer architectures")
        }
        return CompiledFilter(file: FilterFile(file), plan: plan)
    }

    /// libseccomp's readable form of the filter.
    func pseudoCode() throws(SandboxError) -> String {
        var plan = FilterPlan()
        let context = try makeContext(&plan)
        defer { seccomp_release(context) }
        do {
            let file = try FileDescriptor.memory("pfc", [])
            try require("seccomp_export_pfc", seccomp_export_pfc(context, file.raw))
            try check("lseek") { lseek(file.raw, 0, SEEK_SET) }
            return String(decoding: try file.readAll(limit: 16 << 20), as: UTF8.self)
        } catch let error as SandboxError {
            throw error
        } catch {
            throw SandboxError("compiling the seccomp policy \(name): \(error)")
        }
    }

    private func require(_ call: String, _ result: Int32) throws(SandboxError) {
        guard result == 0 else {
            throw SandboxError("compiling the seccomp policy \(name): \(call): \(systemMessage(-result))")
        }
    }

    /// A context for each table, merged: what a rule means can differ from table to table.
    private func makeContext(_ plan: inout FilterPlan) throws(SandboxError) -> scmp_filter_ctx {
        plan.denial = answer(profile.defaultAction, error: profile.defaultErrnoRet) ?? .error(EPERM)
        plan.flags = profile.flags.reduce(0) { $0 | $1.bits }
        let whole = try makeContext(for: Architecture.native, &plan)
        do throws(SandboxError) {
            for architecture in profile.architectures {
                let token = architecture.token
                guard token != 0 else {
                    throw SandboxError(
                        "compiling the seccomp policy \(name): libseccomp \(SeccompCompiler.libraryVersion) does not know "
                            + architecture.name)
                }
                let part = try makeContext(for: token, &plan)
                let merged = seccomp_merge(whole, part)
                if merged != 0 { seccomp_release(part) }
                try require("seccomp_merge \(architecture.name)", merged)
            }
        } catch {
            seccomp_release(whole)
            throw error
        }
        return whole
    }

    private func makeContext(for token: UInt32, _ plan: inout FilterPlan) throws(SandboxError) -> scmp_filter_ctx {
        let fallback = action(profile.defaultAction, error: profile.defaultErrnoRet)
        guard let context = seccomp_init(fallback) else {
            throw SandboxError("compiling the seccomp policy \(name): seccomp_init failed")
        }
        do throws(SandboxError) {
            // A binary tree instead of a list: a call passes some ten comparisons instead of hundreds.
            seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
            // Calls of a table that is not in the profile, such as 32-bit ones, would get round the rules.
            try require(
                "seccomp_attr_set", seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, scmp_act_kill_process))
            if token != Architecture.native {
                try require("seccomp_arch_add", seccomp_arch_add(context, token))
                try require("seccomp_arch_remove", seccomp_arch_remove(context, Architecture.native))
            }
            try addRules(to: context, token, fallback: fallback, &plan)
        } catch {
            seccomp_release(context)
            throw error
        }
        return context
    }

    private func addRules(
        to context: scmp_filter_ctx, _ token: UInt32, fallback: UInt32, _ plan: inout FilterPlan
    ) throws(SandboxError) {
        let isX32 = token == Architecture.native & ~Architecture.wideBit
        // What the kernel reports of a caller from this table.
        let reported = isX32 ? Architecture.native : token
        var newest = Architecture.oldestNewest(token)
        /// The calls whose action depends on nothing: a condition for the same action adds nothing, and libseccomp refuses it.
        var unconditional: [String: UInt32] = [:]
        for rule in profile.syscalls {
            let ruleAction = action(rule.action, error: rule.errnoRet)
            for call in rule.names {
                let number = seccomp_syscall_resolve_name_arch(token, call)
                // Where it is not a call, the default holds for it.
                if number == Self.unknownCall { continue }
                if number >= 0 {
                    let own = isX32 ? number & ~Architecture.x32Bit : number
                    if !isX32 || own < 512 { newest = max(newest, own) }
                    if let answer = answer(rule.action, error: rule.errnoRet) {
                        plan.denials.append(
                            DenialRule(
                                architecture: reported, number: number, conditions: rule.args.map(\.condition),
                                answer: answer))
                    }
                } else if token == Architecture.native {
                    continue
                } else if !rule.args.isEmpty, rule.action == .allow || rule.action == .log {
                    // Made through socketcall(2) or ipc(2) too, whose arguments lie in memory: the condition cannot be
                    // seen there, and without it the rule would let more through than it says.
                    continue
                }
                // libseccomp refuses a rule that says what the default says.
                if ruleAction == fallback || unconditional[call] == ruleAction { continue }
                if rule.args.isEmpty { unconditional[call] = ruleAction }
                let arguments = rule.args.map(\.comparison)
                // It takes the machine's own number, also for a call that only the other table has.
                let result = seccomp_rule_add_array(
                    context, ruleAction, seccomp_syscall_resolve_name(call), UInt32(arguments.count), arguments)
                try require("seccomp_rule_add \(call)", result)
            }
        }
        if profile.defaultAction != .allow { plan.newestCalls[token] = newest }
    }

    /// `__NR_SCMP_ERROR`.
    private static let unknownCall: Int32 = -1

    private func action(_ action: SeccompProfile.Action, error: Int32?) -> UInt32 {
        switch action {
        case .allow: scmp_act_allow
        case .log: scmp_act_log
        case .trap: scmp_act_trap
        case .error where error == ENOSYS: scmp_act_enosys
        case .error, .kill, .killThread, .killProcess: scmp_act_notify
        }
    }

    private func answer(_ action: SeccompProfile.Action, error: Int32?) -> DenialAnswer? {
        switch action {
        case .error: .error(error ?? EPERM)
        case .kill, .killThread, .killProcess: .kill
        case .allow, .log, .trap: nil
        }
    }
}

extension SeccompProfile.Argument {
    fileprivate var comparison: scmp_arg_cmp {
        let op: scmp_compare =
            switch op {
            case .notEqual: SCMP_CMP_NE
            case .less: SCMP_CMP_LT
            case .lessOrEqual: SCMP_CMP_LE
            case .equal: SCMP_CMP_EQ
            case .greaterOrEqual: SCMP_CMP_GE
            case .greater: SCMP_CMP_GT
            case .maskedEqual: SCMP_CMP_MASKED_EQ
            }
        // For a masked comparison the mask is `value`, and what must remain `valueTwo`.
        return scmp_arg_cmp(arg: index, op: op, datum_a: value, datum_b: valueTwo ?? 0)
    }

    fileprivate var condition: DenialRule.Condition {
        let comparison: DenialRule.Condition.Comparison =
            switch op {
            case .notEqual: .notEqual
            case .less: .less
            case .lessOrEqual: .lessOrEqual
            case .equal: .equal
            case .greaterOrEqual: .greaterOrEqual
            case .greater: .greater
            case .maskedEqual: .maskedEqual
            }
        return op == .maskedEqual
            ? .init(index: Int(index), comparison: comparison, value: valueTwo ?? 0, mask: value)
            : .init(index: Int(index), comparison: comparison, value: value)
    }
}
