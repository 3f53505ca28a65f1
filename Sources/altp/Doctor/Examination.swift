import CLinux
import Command
import Configuration
import Glibc
import Linux
import Sandbox

/// Looks at the host, thing by thing; the last is a sandbox that is really made.
struct Examination {
    func findings() -> [Finding] {
        var findings =
            [privileges, kernel] + namespaces + [
                cgroups, delegation, seccomp, idmappedMounts, disk, io, networkLists, imageTools, programs, group,
            ]
        if !findings.contains(where: { $0.verdict == .fail }) { findings += [trial, overlayTrial] }
        return findings
    }

    private var privileges: Finding {
        geteuid() == 0
            ? .pass("privileges", "running as root")
            : .fail(
                "privileges", "running as uid \(geteuid())",
                remedy: "run altp as root: it makes namespaces, groups and mounts")
    }

    private var kernel: Finding {
        let release = (try? readFile("/proc/sys/kernel/osrelease"))?.trimmed ?? "unknown"
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) >= (5, 12) else {
            return .fail("kernel", release, remedy: "boot Linux 5.12 or newer (Debian 12 has 6.1)")
        }
        return .pass("kernel", release)
    }

    private var namespaces: [Finding] {
        [
            ("user", "user"), ("mnt", "mount"), ("pid", "pid"), ("net", "network"), ("ipc", "ipc"), ("uts", "uts"),
            ("cgroup", "cgroup"),
        ]
        .map { file, name in
            let label = "\(name) namespaces"
            guard access("/proc/self/ns/\(file)", F_OK) == 0 else {
                return .fail(
                    label, "this kernel has none", remedy: "boot a kernel with CONFIG_NAMESPACES and all its kinds")
            }
            let limit = (try? readFile("/proc/sys/user/max_\(file)_namespaces"))?.trimmed
            if limit == "0" {
                return .fail(
                    label, "user.max_\(file)_namespaces is 0", remedy: "sysctl -w user.max_\(file)_namespaces=15000")
            }
            return .pass(label, limit.map { "at most \($0)" } ?? "available")
        }
    }

    private var cgroups: Finding {
        do throws(SandboxError) {
            return .pass("cgroups", try CgroupSummary.ofHost())
        } catch {
            return .fail("cgroups", error.description, remedy: "see cgroups(7)")
        }
    }

    private var delegation: Finding {
        let label = "cgroup delegation"
        do throws(SandboxError) {
            return .pass(
                label,
                "groups with limits can be made below \(try CgroupSummary.tryDelegation().joined(separator: ", "))")
        } catch {
            return .fail(
                label, error.description,
                remedy: "run altp as root, in a unit with Delegate=yes or outside of any container")
        }
    }

    private var io: Finding {
        let label = "io limits"
        guard let obstacle = CgroupSummary.ioObstacle(in: "/var/tmp") else {
            return .pass(label, "bytes and operations a second, of reads and writes")
        }
        return .caution(label, "not all of them", remedy: obstacle)
    }

    private var seccomp: Finding {
        altp_seccomp_has_notification() == 0
            ? .pass("seccomp", "filters with user notification: refused calls can be named")
            : .fail(
                "seccomp", "no user notification: \(systemMessage(errno))",
                remedy: "boot a kernel with CONFIG_SECCOMP_FILTER, 5.0 or newer")
    }

    private var idmappedMounts: Finding {
        // An invalid descriptor for the namespace: a kernel that knows the attribute says EBADF.
        _ = altp_mount_setattr(AT_FDCWD, "/", 0, altp_mount_attr_idmap, 0, 1_000_000)
        return errno == EBADF || errno == EPERM
            ? .pass("idmapped mounts", "available for `owner:` of mounts")
            : .caution(
                "idmapped mounts", systemMessage(errno),
                remedy: "boot Linux 5.12 or newer, or leave `owner:` out of mounts")
    }

    /// Scripts' directories lie in the state folder, by default below /var/lib, and those of altp run in /var/tmp.
    private var disk: Finding {
        let label = "disk limits"
        let remedy =
            "for project quotas, which cost nothing: tune2fs -O project,quota on the unmounted ext4 file system (xfs needs "
            + "nothing), and the mount option prjquota"
        switch DiskMethod.at("/var/lib") {
        case .projectQuota?: return .pass(label, "project quota on /var/lib")
        case .image?:
            return .caution(label, "no project quota on /var/lib: images of a limited size are used", remedy: remedy)
        case nil:
            return .caution(
                label, "neither project quota on /var/lib nor loop devices", remedy: "\(remedy). Or modprobe loop")
        }
    }

    private var networkLists: Finding {
        let label = "network lists"
        let missing = NetworkTools.obstacles()
        return missing.isEmpty
            ? .pass(label, "slirp4netns and nftables are there for `network: {allow: …}`")
            : .caution(
                label, "policies with `network: {allow: …}` cannot be held to", remedy: missing.joined(separator: "; "))
    }

    private var programs: Finding {
        let programs = Programs.beside()
        return access(programs.initExecutable, X_OK) == 0
            ? .pass("installation", programs.initExecutable)
            : .fail(
                "installation", "\(SystemError("execute", programs.initExecutable))",
                remedy: "install altp, altp-init and altp-launcher together")
    }

    private var group: Finding {
        let groups = (try? readFile("/etc/group")) ?? ""
        return groups.split(separator: "\n").contains { $0.hasPrefix("altp:") }
            ? .pass("group altp", "its members may use the socket")
            : .caution("group altp", "there is none: only root may use the socket", remedy: "groupadd --system altp")
    }

    private var imageTools: Finding {
        let label = "image tools"
        let missing = ["mmdebstrap", "skopeo", "umoci"].filter { Tool.find($0) == nil }
        return missing.isEmpty
            ? .pass(label, "mmdebstrap, skopeo and umoci")
            : .caution(
                label, "altp rootfs build and import miss \(missing.joined(separator: ", "))",
                remedy: "apt-get install \(missing.joined(separator: " "))")
    }

    /// A sandbox with an empty root file system of its own: everything in it works but the command, which is not there.
    private var overlayTrial: Finding {
        let label = "rootfs overlays"
        let remedy =
            "boot Linux 5.19 or newer with overlay, and keep the state folder on a file system with idmapped "
            + "mounts, such as ext4, xfs or btrfs; or use `rootfs: host` in every policy"
        var template = Array("/var/tmp/altp-doctor-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            return .caution(
                label, "\(SystemError("mkdtemp", "/var/tmp"))", remedy: "see that /var/tmp can be written to")
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(path) }
        do {
            var run = SandboxedRun(
                policy: Policy(name: "default", rootfs: "empty"), command: ["/nothing"], reportPath: nil,
                errors: Output(descriptor: -1, colour: false))
            run.rootfs.definitions["empty"] = RootfsDefinition(name: "empty", source: .directory(path))
            let (status, outcome) = try run.runForOutcome()
            return status == 127
                ? .pass(label, "a sandbox can have a directory or an image as its rootfs")
                : .caution(label, outcome.reason, remedy: remedy)
        } catch {
            return .caution(label, "\(error)", remedy: remedy)
        }
    }

    private var trial: Finding {
        let label = "a sandbox"
        do {
            let silent = Output(descriptor: -1, colour: false)
            let run = SandboxedRun(
                policy: Policy(name: "default"), command: ["/bin/sh", "-c", "exit 42"], reportPath: nil, errors: silent)
            let status = try run.run()
            return status == 42
                ? .pass(label, "was made, ran a command and was removed")
                : .fail(
                    label, "its command ended with \(status) instead of 42",
                    remedy: "run altp run -- /bin/true to see more")
        } catch {
            return .fail(label, "\(error)", remedy: "mend what the message names")
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(self[...].filter { !$0.isNewline }) }
}
