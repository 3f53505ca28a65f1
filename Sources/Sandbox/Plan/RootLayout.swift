import Configuration
import Glibc
import SandboxPlan

/// What a sandbox's root is made of.
enum Root: Sendable {
    /// A small tmpfs with what the host lends.
    case host
    case image(ImageRoot)

    var hold: ImageHold? { if case .image(let image) = self { image.hold } else { nil } }

    /// Makes the root, and in it what is not the same in every sandbox.
    ///
    /// - Parameter place: where it is mounted.
    func steps(
        of specification: SandboxSpecification, of attempt: AttemptDirectory, at place: String, hostName: String
    ) -> [PlanStep] {
        let network = specification.policy.network
        switch self {
        case .host:
            return [.makeRoot(directory: place)] + RootLayout.steps(network: network, hostName: hostName)
        case .image(let image):
            return [image.rootStep(specification, attempt, at: place)]
                + image.steps(network: network, hostName: hostName)
        }
    }

    /// Whether files that a program leaves outside of its directories stay, and count.
    var isWritable: Bool { if case .image = self { true } else { false } }
}

/// The host's part in a sandbox's root.
enum RootLayout {
    private static let shared: MountFlags = [.readOnly, .noSetUID, .noDevices, .followLinks]

    /// The host's `/usr` and what leads into it, looked up now.
    private static var programs: [PlanStep] {
        var steps: [PlanStep] = [.bind(source: "/usr", target: "/usr", flags: shared.union(.recursive), map: nil)]
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            steps += entry("/\(name)", as: "/\(name)")
        }
        return steps
    }

    /// What its programs need of `/etc` to start, looked up now.
    private static var configuration: [PlanStep] {
        // Links between packages' files, the dynamic linker's cache, certificates, fonts, and the local time: what programs
        // read when they run. Each costs every sandbox's start a mount.
        let names = [
            "alternatives", "ld.so.cache", "ssl", "fonts", "localtime", "mime.types", "python3", "python3.11",
            "ImageMagick-6", "java-17-openjdk", "OpenCL",
        ]
        return names.flatMap { entry("/etc/\($0)", as: "/etc/\($0)") }
    }

    /// The same symbolic link, or a read-only bind; nothing when there is no such file.
    private static func entry(_ source: String, as target: String) -> [PlanStep] {
        var status = stat()
        guard lstat(source, &status) == 0 else { return [] }
        if status.st_mode & S_IFMT == S_IFLNK {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { readlink(source, $0.baseAddress!, $0.count) }
            return count > 0 ? [.symlink(path: target, target: String(decoding: buffer[..<count], as: UTF8.self))] : []
        }
        return [.bind(source: source, target: target, flags: shared, map: nil)]
    }

    /// The root up to what is the same in every sandbox, with an `/etc` for this one.
    static func steps(network: NetworkAccess, hostName: String) -> [PlanStep] {
        var steps = programs
        steps.append(.directory(path: "/var", mode: 0o755))
        let user = SandboxIdentity.scriptUID
        steps.append(.directory(path: "/etc", mode: 0o755))
        steps += configuration
        func file(_ name: String, _ content: String) {
            steps.append(.file(path: "/etc/\(name)", mode: 0o644, content: content))
        }
        file(
            "passwd",
            """
            root:x:0:0:root:/:/bin/sh
            script:x:\(user):\(user):Script:/scratch:/bin/sh
            nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

            """)
        file("group", "root:x:0:\ntty:x:5:\nscript:x:\(user):\nnogroup:x:65534:\n")
        file("hostname", "\(hostName)\n")
        if network == .host {
            for name in ["hosts", "resolv.conf", "nsswitch.conf", "services", "protocols", "gai.conf", "host.conf"] {
                steps += followed("/etc/\(name)")
            }
        } else {
            file("hosts", "127.0.0.1 localhost \(hostName)\n::1 localhost \(hostName)\n")
            file("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
            // A session in the host's network has the host's here.
            file("resolv.conf", "")
        }
        return steps
    }

    /// A bind of what a path leads to: `/etc/resolv.conf` is often a link to a place that the sandbox has not.
    private static func followed(_ path: String) -> [PlanStep] {
        access(path, F_OK) == 0 ? [.bind(source: path, target: path, flags: shared, map: nil)] : []
    }
}
