package import Configuration
import FoundationEssentials
import Glibc

/// The smallest profile and limits under which a command passes that was watched.
package struct LearnedProfile: Sendable {
    /// Names of the calls that it made.
    package var calls: [String]
    package var usage: Usage

    package init(_ outcome: Outcome) {
        calls = outcome.deniedCalls.map(\.name).filter { !$0.hasPrefix("syscall_") }
        usage = outcome.usage
    }

    /// What a command needs to be started, to take a signal, and to end: also in every profile that is written.
    static let alwaysAllowed = ["execve", "exit", "exit_group", "read", "restart_syscall", "rt_sigreturn", "write"]

    /// The profile as OCI JSON. A call that was not made is refused with EPERM; clone3 is missing (ENOSYS), so that the C
    /// library takes clone, whose flags a filter can see.
    package func profile() throws(SandboxError) -> String {
        var names = Set(calls).union(Self.alwaysAllowed)
        var rules: [SeccompProfile.Rule] = []
        if names.remove("clone3") != nil { names.insert("clone") }
        // Not without their conditions: these would give more than was seen.
        if names.remove("clone") != nil { rules.append(SeccompProfile.withoutNewNamespaces) }
        if names.remove("ioctl") != nil { rules += SeccompProfile.controlsWithoutInjection }
        rules.append(.init(names: names.sorted()))
        rules.append(.init(names: ["clone3"], action: .error, errnoRet: ENOSYS))
        let profile = SeccompProfile(defaultAction: .error, defaultErrnoRet: EPERM, syscalls: rules)
        return try encoded(profile)
    }

    /// The policy's file, which names the profile.
    ///
    /// - Parameters:
    ///   - profileFile: the profile's path, relative to the policy's folder.
    ///   - base: the policy under which the command ran: what that handed in, the command needs again.
    package func policy(command: [String], profileFile: String, base: Policy) -> String {
        var lines = ["description: \(quoted("Learned from: " + command.joined(separator: " ")))", "limits:"]
        // Half as much again as was used, and never so tight that another day's noise breaks it.
        if let peak = usage.memoryPeak {
            lines.append("  memory: \(roundedUp(max(peak * 3 / 2, 16 << 20), to: 1 << 20) >> 20)M")
        }
        if let peak = usage.pidsPeak { lines.append("  pids: \(max(peak * 3 / 2 + 1, 8))") }
        if let used = usage.cpuMilliseconds { lines.append("  cpu_time: \(headRoom(used))s") }
        if let added = usage.diskPeak {
            lines.append("  disk: \(roundedUp(max(added * 3 / 2, 1 << 20), to: 1 << 20) >> 20)M")
        }
        if let added = usage.inodesPeak { lines.append("  inodes: \(max(added * 3 / 2 + 1, 64))") }
        lines.append("  wall_time: \(headRoom(usage.wallMilliseconds))s")
        lines.append("network: \((usage.networkSockets ?? 0) > 0 ? "host" : "none")")
        lines.append("seccomp: \(quoted(profileFile))")
        if base.rootfs != "host" { lines.append("rootfs: \(base.rootfs)") }
        if !base.capabilities.isEmpty {
            lines.append("capabilities: [\(base.capabilities.map(\.description).joined(separator: ", "))]")
        }
        if let devices = base.devices, !devices.isEmpty {
            lines.append("devices: [\(devices.map(quoted).joined(separator: ", "))]")
        }
        if !base.mounts.isEmpty { lines.append("mounts:") }
        for mount in base.mounts {
            let owner = mount.owner.map { ", owner: \(quoted($0))" } ?? ""
            lines.append(
                "  - {source: \(quoted(mount.source)), target: \(quoted(mount.target)), mode: \(mount.mode)\(owner)}")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whole seconds, five times what was used: time varies with the host's load much more than memory does.
    private func headRoom(_ milliseconds: Int64) -> Int64 { max(roundedUp(milliseconds * 5, to: 1000) / 1000, 10) }

    private func roundedUp(_ number: Int64, to unit: Int64) -> Int64 { (number + unit - 1) / unit * unit }

    /// A double-quoted YAML scalar.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

func encoded(_ value: some Encodable) throws(SandboxError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    } catch {
        throw SandboxError("writing JSON: \(error)")
    }
}
