package import Configuration
import Glibc
import Linux
import SandboxPlan

/// Attempts without sandboxes: `altp-launcher --without-sandboxes`, for development and benchmarks.
///
/// A Script is then a process of the host, under its Processing's own user, with the host's files, network and devices. All
/// else is as ever: its directories, log, outcome and times, the chain, and what is durable when.
package enum BareMode {
    /// What every Script does without.
    package static let unheld =
        "namespaces, the root file system, control groups, disk limits, seccomp filters, networks"

    /// Why Scripts of the policy cannot run without a sandbox: they would lack something, or see something else in its
    /// place. That a restriction is not held to is no such reason.
    static func obstacles(_ policy: Policy) -> [String] {
        var findings: [String] = []
        if policy.rootfs != "host" {
            findings.append("rootfs: \(policy.rootfs): without sandboxes a Script sees the host's own files")
        }
        for mount in policy.mounts where mount.target != mount.source || mount.owner != nil {
            findings.append(
                "mounts: \(mount.source) at \(mount.target)\(mount.owner.map { ", owned by \($0)" } ?? ""): without sandboxes "
                    + "nothing is mounted, and a Script finds the host's files where they lie")
        }
        if !policy.capabilities.isEmpty {
            findings.append("capabilities: without sandboxes a Script would have them over the host, and gets none")
        }
        if policy.devices?.isEmpty == false {
            findings.append("devices: without sandboxes there are no nodes that are the Script's own")
        }
        return findings
    }

    /// Why a command cannot run without a sandbox.
    ///
    /// - Parameter words: its arguments, or a line for the shell.
    package static func obstacles(command words: [String]) -> [String] {
        ["/scratch", "/processing", "/scripts", "/run/altp.sock", "/run/altp-events"].filter { place in
            words.contains { Self.names($0, place) }
        }.map {
            "run: it names \($0), which only a sandbox has: without one, scripts are found by their names, and the working "
                + "directory is the Script's own or with `workdir: processing` the Processing's"
        }
    }

    /// Whether the text has the path, or one below it, at the beginning of a word.
    private static func names(_ text: String, _ place: String) -> Bool {
        let (text, place) = (Array(text.utf8), Array(place.utf8))
        func isPart(_ byte: UInt8) -> Bool {
            byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        guard text.count >= place.count else { return false }
        return (0...text.count - place.count).contains { start in
            guard text[start..<start + place.count].elementsEqual(place) else { return false }
            let isBegin = start == 0 || !isPart(text[start - 1]) && text[start - 1] != UInt8(ascii: "/")
            let end = start + place.count
            return isBegin && (end == text.count || !isPart(text[end]))
        }
    }

    /// The restrictions of a policy that its Scripts are not held to.
    package static func unheld(_ policy: Policy) -> [String] {
        let limits = policy.limits
        var list = ["cpu: \(limits.cpu)", "memory: \(limits.memory)", "swap: \(limits.swap)", "pids: \(limits.pids)"]
        if let time = limits.cpuTime { list.append("cpu_time: \(time)") }
        if let disk = limits.disk { list.append("disk: \(disk)") }
        if let inodes = limits.inodes { list.append("inodes: \(inodes)") }
        if let rate = limits.ioRead { list.append("io_read: \(rate)") }
        if let rate = limits.ioWrite { list.append("io_write: \(rate)") }
        if let rate = limits.ioReadOps { list.append("io_read_ops: \(rate)") }
        if let rate = limits.ioWriteOps { list.append("io_write_ops: \(rate)") }
        switch policy.network {
        case .none: list.append("network: none")
        case .allow: list.append("network: its list")
        case .host: break
        }
        if policy.seccomp != .none { list.append("seccomp") }
        list += policy.mounts.filter { $0.mode == .ro }.map { "mounts: \($0.source): read-only" }
        return list
    }

    /// Where a Script without a sandbox finds what a sandbox has at fixed places.
    package struct Places: Sendable, Hashable {
        package var scratch: String
        package var events: String
        package var scripts: String?

        package init(_ directory: AttemptDirectory, scripts: String?) {
            scratch = directory.scratch(.directories)
            events = directory.events
            self.scripts = scripts
        }
    }

    /// Why the Scripts' users could not reach what lies in a folder; nil when they can.
    package static func obstacle(to folder: String) -> String? {
        var path = ""
        for part in folder.split(separator: "/").dropLast() {
            path += "/\(part)"
            var status = stat()
            guard stat(path, &status) == 0 else { return "\(SystemError("stat", path))" }
            guard status.st_mode & 0o001 != 0 else {
                return
                    "\(path) may be entered by none but its owner and group: without sandboxes Scripts run as users of "
                    + "their own below \(folder). Use chmod o+x \(path), or another folder (--state)"
            }
        }
        return nil
    }

    static func plan(_ specification: SandboxSpecification, at directory: AttemptDirectory) -> Plan {
        let limits = specification.policy.limits
        var plan = Plan()
        plan.isBare = true
        plan.sharesNetwork = true
        plan.firstUID = specification.identity.firstUID
        plan.uidCount = UIDRange.blockSize
        plan.uid = specification.identity.hostUID
        plan.gid = specification.identity.hostUID
        plan.workingDirectory =
            specification.workingDirectory == "/processing"
            ? specification.processingDirectory ?? "/" : directory.scratch(.directories)
        plan.arguments = specification.command
        plan.environment = specification.environment.map { "\($0.key)=\($0.value)" }.sorted()
        plan.resourceLimits = ResourceLimit.all(openFiles: limits.openFiles)
        plan.standardStreams = .log(limit: limits.log.bytes)
        plan.wallMilliseconds = limits.wallTime.milliseconds
        plan.graceMilliseconds = limits.grace.milliseconds
        return plan
    }
}

extension AttemptDirectory {
    /// As `make`, for an attempt without a sandbox: its Script, under a user of its own, passes through this directory to
    /// what is its own in it.
    func makeBare(_ value: SandboxSpecification) throws(SandboxError) {
        let owner = value.identity.hostUID
        do throws(SystemError) {
            try check("mkdir", path) { mkdir(path, 0o711) }
            let scratch = scratch(.directories)
            try check("mkdir", scratch) { mkdir(scratch, 0o755) }
            try check("chown", scratch) { lchown(scratch, owner, owner) }
            if value.eventsLimit != nil {
                let file = try FileDescriptor.open(events, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
                try check("fchown", events) { fchown(file.raw, owner, owner) }
            }
            try makeLock()
            try writeSpecification(value)
        } catch {
            throw SandboxError("preparing the attempt \(value.reference): \(error)")
        }
    }
}
