import CLinux
import Configuration
import Glibc
import Linux
import SandboxPlan

/// The root of a sandbox that has a whole file system of its own: an image below, and what the attempt writes above it.
struct ImageRoot: Sendable {
    /// The image's directory.
    let path: String
    /// Keeps it from being removed; nil for a directory of the administrator's own.
    let hold: ImageHold?

    /// A directory that must be there.
    init(directory path: String) throws(SandboxError) {
        self.path = path
        hold = nil
        do throws(SystemError) {
            _ = try FileDescriptor.open(path, altp_o_path | O_DIRECTORY)
        } catch {
            throw SandboxError(
                "opening the rootfs directory: \(error). Create it, or correct `directory` in the rootfs definition")
        }
    }

    /// The image of that name, held from now on.
    init(image name: String, in store: ImageStore) throws(SandboxError) {
        (path, hold) = try store.hold(name)
    }

    /// Why this host cannot have such a root; nil when it can.
    static var obstacle: String? {
        var name = utsname()
        guard uname(&name) == 0 else { return nil }
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) < (5, 19) else { return nil }
        return "Linux \(release) has no overlays of idmapped layers: boot 5.19 or newer, or use `rootfs: host`"
    }

    /// Makes the root. The image's ids, root's among them, are those of the sandbox's block.
    func rootStep(_ specification: SandboxSpecification, _ attempt: AttemptDirectory, at place: String) -> PlanStep {
        let overlay = attempt.overlay(specification.storage)
        let all = IdentityMap.Range(onDisk: 0, seen: specification.identity.firstUID, count: UIDRange.blockSize)
        return .makeOverlayRoot(
            directory: place,
            layers: OverlayLayers(lower: path, upper: overlay.upper, work: overlay.work),
            map: IdentityMap(uids: [all], gids: [all]))
    }

    /// The root up to what is the same in every sandbox. What an image has in these places is out of sight.
    func steps(network: NetworkAccess, hostName: String) -> [PlanStep] {
        let user = SandboxIdentity.scriptUID
        func file(_ name: String, _ content: String) -> PlanStep {
            .file(path: "/etc/\(name)", mode: 0o644, content: content)
        }
        var steps: [PlanStep] = [
            .deviceFolder(path: "/dev"), .tmpfs(path: "/run", mode: 0o755, size: 64 << 10, inodes: 64),
            .directory(path: "/sys", mode: 0o755), .mask(path: "/sys"),
            file("hostname", "\(hostName)\n"),
            file(
                "passwd",
                completed("passwd", id: user, line: "script:x:\(user):\(user):Script:/scratch:/bin/sh")
                    ?? "root:x:0:0:root:/:/bin/sh\nscript:x:\(user):\(user):Script:/scratch:/bin/sh\n"),
            file("group", completed("group", id: user, line: "script:x:\(user):") ?? "root:x:0:\nscript:x:\(user):\n"),
        ]
        if network == .host {
            for name in ["hosts", "resolv.conf"] {
                steps.append(file(name, (try? readFile("/etc/\(name)")) ?? ""))
            }
        } else {
            steps.append(file("hosts", "127.0.0.1 localhost \(hostName)\n::1 localhost \(hostName)\n"))
            steps.append(file("resolv.conf", ""))
        }
        return steps
    }

    /// The image's file, with the line when no other has the id; nil when it has no such file.
    private func completed(_ name: String, id: UInt32, line: String) -> String? {
        // Without links: an image's could lead to a file of the host.
        guard let root = try? FileDescriptor.open(path, altp_o_path | O_DIRECTORY),
            let file = try? FileDescriptor.openWithoutLinks("etc/\(name)", O_RDONLY | O_NONBLOCK, at: root.raw),
            let bytes = try? file.readAll(limit: 1 << 20)
        else { return nil }
        let content = String(decoding: bytes, as: UTF8.self)
        let isTaken = content.split(separator: "\n").contains { entry in
            let fields = entry.split(separator: ":", omittingEmptySubsequences: false)
            return fields.count > 2 && fields[2] == "\(id)"
        }
        if isTaken { return content }
        return content + (content.isEmpty || content.hasSuffix("\n") ? "" : "\n") + line + "\n"
    }
}
