import CLinux
package import Configuration
import Glibc
import Linux

/// A policy in effect on this machine, for people and for other tools.
package struct PolicyInspection {
    private let policy: Policy
    private let profile: SeccompProfile?
    private let profileName: String

    /// Reads the policy's seccomp profile, if it has one.
    package init(_ policy: Policy) throws(SandboxError) {
        self.policy = policy
        let source = try ProfileSource(policy.seccomp)
        profileName = source?.name ?? "none"
        profile = try source?.profile().resolved(
            capabilities: Set(policy.capabilities.map(\.description)), kernel: .running)
    }

    /// The policy and its filter in words, a line each.
    package func lines() -> [String] {
        let limits = policy.limits
        var lines = ["policy    \(policy.name)"]
        if let text = policy.description { lines.append("          \(text)") }
        lines.append("rootfs    \(policy.rootfs)")
        lines.append("limits    cpu \(limits.cpu), memory \(limits.memory), swap \(limits.swap), pids \(limits.pids)")
        lines.append("          open_files \(limits.openFiles), log \(limits.log)")
        lines.append(
            "          wall_time \(limits.wallTime)\(limits.wallTimeMax.map { ", wall_time_max \($0)" } ?? ""), "
                + "grace \(limits.grace), cpu_time "
                + (limits.cpuTime.map { "\($0)" } ?? "unlimited"))
        lines.append(
            "          disk \(limits.disk.map { "\($0)" } ?? "unlimited"), inodes "
                + (limits.inodes.map { "\($0)" } ?? "unlimited"))
        if !limits.io.isEmpty {
            let rates = limits.io.map { limit in
                "\(limit.name) \(limit.name.hasSuffix("_ops") ? "\(limit.value)" : "\(ByteSize(bytes: limit.value))") a second"
            }
            lines.append("          \(rates.joined(separator: ", "))")
        }
        switch policy.network {
        case .none: lines.append("network   none")
        case .host: lines.append("network   host")
        case .allow(let endpoints):
            lines.append("network   only \(endpoints.map(\.description).joined(separator: ", "))")
        }
        let capabilities = policy.capabilities.map(\.description).joined(separator: ", ")
        lines.append("caps      \(capabilities.isEmpty ? "none" : capabilities)")
        for device in policy.devices ?? [] { lines.append("device    \(device)") }
        if policy.mounts.isEmpty { lines.append("mounts    none of its own") }
        for mount in policy.mounts {
            let owner = mount.owner.map { ", owner \($0)" } ?? ""
            lines.append("mount     \(mount.source) at \(mount.target), \(mount.mode.rawValue)\(owner)")
        }
        lines.append("seccomp   \(profileName)")
        if let profile { lines += Self.lines(profile) }
        return lines
    }

    private static func lines(_ profile: SeccompProfile) -> [String] {
        var lines = ["  any other call: \(words(profile.defaultAction, profile.defaultErrnoRet))"]
        if profile.defaultAction != .allow { lines.append("  a call newer than the profile: fails with ENOSYS") }
        lines.append(
            "  tables: \(([Architecture.nativeName] + profile.architectures.map(\.name)).joined(separator: ", "))"
                + "; a call by another one kills the process")
        if !profile.flags.isEmpty { lines.append("  flags: \(profile.flags.map(\.rawValue).joined(separator: ", "))") }
        var plain: [(String, Set<String>)] = []
        var conditional: [String] = []
        for rule in profile.syscalls {
            let answer = words(rule.action, rule.errnoRet)
            if rule.args.isEmpty {
                let index = plain.firstIndex { $0.0 == answer } ?? plain.count
                if index == plain.count { plain.append((answer, [])) }
                plain[index].1.formUnion(rule.names)
            } else {
                let condition = rule.args.map(words).joined(separator: " and ")
                conditional += rule.names.map { "  \($0): \(answer) when \(condition)" }
            }
        }
        for (answer, names) in plain { lines.append("  \(answer): \(names.sorted().joined(separator: " "))") }
        return lines + conditional
    }

    private static func words(_ action: SeccompProfile.Action, _ error: Int32?) -> String {
        switch action {
        case .allow: return "allowed"
        case .log: return "allowed and logged by the kernel"
        case .trap: return "SIGSYS is sent"
        case .kill, .killThread, .killProcess: return "the sandbox is ended"
        case .error:
            let number = error ?? EPERM
            return "fails with " + (altp_error_name(number).map { String(cString: $0) } ?? "error \(number)")
        }
    }

    private static func words(_ argument: SeccompProfile.Argument) -> String {
        func hex(_ value: UInt64) -> String { "0x\(String(value, radix: 16))" }
        let subject = "argument \(argument.index)"
        let value = hex(argument.value)
        return switch argument.op {
        case .notEqual: "\(subject) is not \(value)"
        case .less: "\(subject) < \(value)"
        case .lessOrEqual: "\(subject) <= \(value)"
        case .equal: "\(subject) is \(value)"
        case .greaterOrEqual: "\(subject) >= \(value)"
        case .greater: "\(subject) > \(value)"
        case .maskedEqual: "\(subject) & \(value) is \(hex(argument.valueTwo ?? 0))"
        }
    }

    private struct Shown: Encodable {
        var policy: Policy
        /// Absent when the policy has no filter.
        var seccomp: SeccompProfile?
    }

    /// The policy, and its filter as an OCI profile.
    package func json() throws(SandboxError) -> String { try encoded(Shown(policy: policy, seccomp: profile)) }

    /// The filter as libseccomp's pseudo code; nil when there is none.
    package func pseudoCode() throws(SandboxError) -> String? {
        guard let profile else { return nil }
        return try FilterBuilder(profile: profile, name: profileName).pseudoCode()
    }
}
