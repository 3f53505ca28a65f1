import Configuration
import Glibc
import Linux
import SandboxPlan

/// What a session's joiner carries out: the sandbox's own plan in all that concerns its processes, and the mounts that are
/// the session's alone.
struct SessionPlan {
    /// A place in every sandbox where a session has files of its own.
    static let directory = "/run/altp-session"
    /// Where a session has the tools that it brings.
    static let tools = "/debug"

    var sandbox: Plan
    var request: SessionRequest
    var reference: String
    /// What `rerun-script` runs.
    var specification: SandboxSpecification
    /// The group of the session, and the others that its processes join.
    var groupSteps: [PlanStep]
    /// nil for none.
    var filter: CompiledFilter?

    func plan() -> Plan {
        var plan = Plan()
        plan.firstUID = sandbox.firstUID
        plan.uidCount = sandbox.uidCount
        plan.uid = sandbox.uid
        plan.gid = sandbox.gid
        plan.capabilities = sandbox.capabilities
        plan.workingDirectory = sandbox.workingDirectory
        plan.resourceLimits = sandbox.resourceLimits
        if request.relax.contains(.limits) {
            plan.resourceLimits = ResourceLimit.all(openFiles: Int(clamping: ResourceLimit.maximumOpenFiles))
        }
        plan.arguments = request.command ?? ["/bin/sh", "-c", shell]
        plan.environment = environment()
        plan.standardStreams = request.terminal.map { .terminal(rows: $0.rows, columns: $0.columns) } ?? .inherited
        if let filter { plan.filter = filter.plan }
        plan.steps = steps()
        return plan
    }

    // MARK: Mounts

    private func steps() -> [PlanStep] {
        var steps = groupSteps
        if !request.relax.contains(.limits) {
            steps += sandbox.steps.filter {
                switch $0 {
                case .watch(.memoryOOMControl, _), .watch(.memoryEvents, _): true
                default: false
                }
            }
        }
        if let folder = request.with { steps.append(.lend(source: folder, target: Self.tools)) }
        let rerun = rerunScript
        var files = [("rerun-script", UInt32(0o755), rerun)]
        if request.relax.contains(.network), specification.policy.network != .host {
            files += networkFiles.map { ($0.name, 0o644, $0.content) }
        }
        let size = files.reduce(UInt64(1 << 16)) { $0 + UInt64($1.2.utf8.count + 4096) }
        steps += [.joinMounts, .tmpfs(path: Self.directory, mode: 0o755, size: size, inodes: 32)]
        for (name, mode, content) in files {
            steps.append(.file(path: "\(Self.directory)/\(name)", mode: mode, content: content))
            guard mode == 0o644 else { continue }
            steps.append(
                .bind(
                    source: "\(Self.directory)/\(name)", target: "/etc/\(name)",
                    flags: [.readOnly, .noSetUID, .noDevices], map: nil))
        }
        return steps
    }

    /// The host's files by which names are resolved.
    private var networkFiles: [(name: String, content: String)] {
        var names = ["hosts", "resolv.conf"]
        // An image has its own, or lives without.
        let isImage = sandbox.steps.contains { if case .makeOverlayRoot = $0 { true } else { false } }
        if !isImage { names.append("nsswitch.conf") }
        return names.map { ($0, (try? readFile("/etc/\($0)")) ?? "") }
    }

    // MARK: The command

    private func environment() -> [String] {
        var variables: [String: String] = [:]
        for variable in sandbox.environment {
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        if request.command == nil {
            // What is typed stays out of the attempt's directories, and what lies there does not say what keys do.
            variables["HISTFILE"] = ""
            variables["INPUTRC"] = "/etc/inputrc"
        }
        variables.merge(request.environment) { _, given in given }
        variables["PATH"] =
            "\(variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"):\(Self.directory)"
            + (request.with == nil ? "" : ":\(Self.tools):\(Self.tools)/bin:\(Self.tools)/sbin")
        return variables.map { "\($0.key)=\($0.value)" }.sorted()
    }

    /// bash where there is one. Files in the Script's reach, such as `.bashrc`, are not read: what they say is the Script's
    /// word, and the prompt is ours.
    private var shell: String {
        var name = reference
        var remarks = request.snapshot ? ["snapshot"] : []
        let relaxed = Relaxation.allCases.filter(request.relax.contains).map(\.rawValue)
        if !relaxed.isEmpty { remarks.append("relaxed: \(relaxed.joined(separator: ", "))") }
        if !remarks.isEmpty { name += " (\(remarks.joined(separator: "; ")))" }
        return """
            if command -v bash >/dev/null 2>&1; then
                export PS1='[\(name)] \\w\\$ '
                exec bash --noprofile --norc
            fi
            export PS1='[\(name)] $PWD $ '
            unset ENV
            exec sh
            """
    }

    /// Runs the Script's own command as it was run: where, and with which variables.
    private var rerunScript: String {
        var lines = ["#!/bin/sh", "# Runs the Script's own command, as \(reference) did."]
        let own = sandbox.environment.map { variable in
            variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        let added = Set(request.environment.keys).union(["PS1", "HISTFILE", "INPUTRC", "PATH", "OLDPWD"])
        for name in added.sorted() where Self.isName(name) {
            lines.append("unset \(name)")
        }
        for parts in own where parts.count == 2 && added.contains(parts[0]) && Self.isName(parts[0]) {
            lines.append("export \(parts[0])=\(Self.quoted(parts[1]))")
        }
        lines.append("cd \(Self.quoted(specification.workingDirectory)) || exit")
        lines.append("exec " + specification.command.map(Self.quoted).joined(separator: " "))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.first.map { !(48...57).contains($0) } ?? false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// As one word of a shell.
    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
