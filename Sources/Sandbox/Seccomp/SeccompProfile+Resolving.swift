import Glibc

extension SeccompProfile {
    /// The profile as it holds on this machine for a sandbox with these capabilities: no `includes`, `excludes` and
    /// `archMap` any more, and only architectures that this kernel can be called by.
    ///
    /// A rule with several conditions on the same argument becomes one rule for each, any of which suffices: so runc
    /// documents it, for libseccomp takes one condition an argument.
    func resolved(capabilities: Set<String>, kernel: KernelVersion?) -> SeccompProfile {
        var result = SeccompProfile(defaultAction: defaultAction, defaultErrnoRet: defaultErrnoRet, syscalls: [])
        result.flags = flags
        let own = archMap.filter { $0.architecture.name == Architecture.nativeName }.flatMap(\.subArchitectures)
        var seen: Set<String> = []
        result.architectures = (architectures + own).filter {
            Architecture.companions.contains($0.name) && seen.insert($0.name).inserted
        }
        for rule in syscalls where rule.applies(capabilities, kernel) {
            var plain = Rule(names: rule.names, action: rule.action, errnoRet: rule.errnoRet)
            if Set(rule.args.map(\.index)).count == rule.args.count {
                plain.args = rule.args
                result.syscalls.append(plain)
            } else {
                for argument in rule.args {
                    plain.args = [argument]
                    result.syscalls.append(plain)
                }
            }
        }
        return result
    }
}

extension SeccompProfile.Rule {
    fileprivate func applies(_ capabilities: Set<String>, _ kernel: KernelVersion?) -> Bool {
        if !capabilities.isSuperset(of: includes.caps) { return false }
        if !includes.arches.isEmpty, Architecture.ownNames.isDisjoint(with: includes.arches) { return false }
        // Of a kernel that does not tell its version nothing is assumed.
        if let least = includes.minKernel, kernel.map({ $0 < least }) ?? true { return false }
        if !capabilities.isDisjoint(with: excludes.caps) { return false }
        if !Architecture.ownNames.isDisjoint(with: excludes.arches) { return false }
        if let least = excludes.minKernel, kernel.map({ $0 >= least }) ?? false { return false }
        return true
    }
}

extension KernelVersion {
    /// The running kernel's.
    static let running: KernelVersion? = {
        var names = utsname()
        guard uname(&names) == 0 else { return nil }
        return withUnsafeBytes(of: names.release) {
            KernelVersion(String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self))
        }
    }()
}
