import Command
import Configuration
import Glibc
import Linux
import Sandbox

/// A file of `altp export`. Its maker may be anybody: what reads it is caged, and what it says is held to what this host
/// allows.
final class RunBundle {
    let path: String
    let description: BundleDescription
    /// The seccomp profile that came along.
    private let profile: Int32

    init(path: String) throws(SandboxError) {
        self.path = path
        let file: FileDescriptor
        do throws(SystemError) {
            file = try FileDescriptor.open(path, O_RDONLY)
        } catch {
            throw SandboxError("opening the bundle: \(error)")
        }
        description = try BundleDescription(archive: file, path: path)
        guard let text = description.seccompProfile else {
            profile = -1
            return
        }
        do throws(SystemError) {
            profile = try FileDescriptor.memory("seccomp", Array(text.utf8)).take()
        } catch {
            throw SandboxError("keeping the bundle's seccomp profile: \(error)")
        }
    }

    deinit { if profile >= 0 { close(profile) } }

    /// The attempt's, as it can be had here.
    ///
    /// - Parameter sources: where mounts may come from.
    func policy(_ sources: MountSources) throws(SandboxError) -> Policy {
        var policy = description.specification.policy
        for mount in policy.mounts {
            if let refusal = sources.refusal(of: mount.source) {
                throw SandboxError("the bundle's policy \(policy.name) mounts \(mount.source), which \(refusal)")
            }
        }
        if case .file = policy.seccomp {
            guard profile >= 0 else { throw SandboxError("the bundle \(path) lacks the seccomp profile of its policy") }
            policy.seccomp = .file("/proc/self/fd/\(profile)")
        }
        return policy
    }

    /// Where its rootfs is found, when its files are not in it.
    func rootfs(_ images: HostImages, for policy: Policy, _ caution: (String) throws -> Void) throws -> RootfsSource {
        let wanted = description.rootfs
        if wanted.isIncluded { return RootfsSource() }
        do {
            let source = try images.source(for: policy)
            if wanted.name == "host" {
                if let system = wanted.system, let own = BundleDescription.system(), own != system {
                    try caution("the attempt had the /usr of \(system), and this host is \(own)")
                }
            } else if let identity = wanted.identity, let store = source.images,
                let own = BundleDescription.identity(of: wanted.name, in: store), own != identity
            {
                try caution("the rootfs \(wanted.name) here is another one than the attempt had")
            }
            return source
        } catch let failure as CommandFailure {
            throw CommandFailure(
                "the bundle needs the rootfs \(Printable.line(wanted.name)), whose files are not in it: "
                    + "\(failure.description) Or export it again with --with-rootfs.",
                status: ExitStatus(SandboxedRun.Status.failure))
        }
    }

    /// What is in it, on the disk.
    struct Content {
        var processing: String?
        var scripts: String?
        var rootfs: String?
    }

    /// Unpacks what a rerun needs below this folder, which nobody else can look into.
    func unpack(into folder: String, identity: SandboxIdentity) throws -> Content {
        for name in ["", "/cage", "/content"] where mkdir(folder + name, 0o700) != 0 {
            throw SandboxError("unpacking the bundle: \(SystemError("mkdir", folder + name))")
        }
        guard let real = realpath(path, nil) else {
            throw SandboxError("unpacking the bundle: \(SystemError("realpath", path))")
        }
        defer { free(real) }
        let tool = Tool(name: "tar", package: "tar", path: "/bin/sh")
        let words = [
            "-c", Cage.script, "tar", "\(folder)/cage", String(cString: real), folder, Cage.unpacking, "/bin/sh", "-c",
            Self.script, "unpack", "\(identity.hostUID)",
        ]
        // Ctrl-C ends it, and the run clears away what is there.
        do {
            try SignalForwarding.unblocked {
                try tool.run(words, network: false, interruption: Interruption.install())
            }
        } catch let failure as CommandFailure {
            throw SandboxError("unpacking the bundle \(path): \(failure.description)")
        }
        func part(_ name: String, _ isThere: Bool) throws(SandboxError) -> String? {
            guard isThere else { return nil }
            let place = "\(folder)/content/\(name)"
            var status = stat()
            guard lstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw SandboxError("the bundle \(path) is not whole: it lacks \(name)")
            }
            return place
        }
        return Content(
            processing: try part("processing", description.hasProcessing),
            scripts: try part("scripts", description.hasScripts),
            rootfs: try part("rootfs", description.rootfs.isIncluded))
    }

    /// In the cage: no device can be made there, and nothing written beside the folder. Scripts and files of /processing
    /// become the sandbox's, an image's keep their owners.
    private static let script = """
        set -e
        tar --extract --file=/in/image --directory=/work/content --numeric-owner --same-owner --same-permissions \
            --xattrs --xattrs-include=security.capability --anchored --no-wildcards \
            --exclude=scratch --exclude=upper --exclude=bundle.json
        cd /work/content
        for name in processing scripts; do
            if [ -d "$name" ] && ! [ -L "$name" ]; then chown -hR "$1:$1" "$name"; fi
        done
        """
}
