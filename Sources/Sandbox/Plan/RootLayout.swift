import Configuration
import Glibc
import SandboxPlan

/// What a sandbox's root is made of.
struct RootLayout: Sendable {
    /// The top-level entries that come from the host or from a rootfs directory.
    private var entries: [PlanStep]
    private var hostConfiguration: [PlanStep]

    private static let shared: MountFlags = [.readOnly, .noSetUID, .noDevices, .followLinks]

    /// The layout of a rootfs, looked up now.
    static func of(_ source: RootfsDefinition.Source) throws(SandboxError) -> RootLayout {
        switch source {
        case .host: ofHost()
        case .directory(let path): try ofDirectory(path)
        }
    }

    /// The host's `/usr` and what its programs need of `/etc` to start.
    private static func ofHost() -> RootLayout {
        var entries: [PlanStep] = [.bind(source: "/usr", target: "/usr", flags: shared.union(.recursive), map: nil)]
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            entries += entry("/\(name)", as: "/\(name)")
        }
        // Links between packages' files, the dynamic linker's cache, certificates, fonts, and the local time.
        let names = [
            "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "ca-certificates", "fonts", "localtime",
            "mime.types", "python3", "python3.11", "magic", "ImageMagick-6", "java-17-openjdk", "OpenCL",
        ]
        return RootLayout(entries: entries, hostConfiguration: names.flatMap { entry("/etc/\($0)", as: "/etc/\($0)") })
    }

    private static func ofDirectory(_ path: String) throws(SandboxError) -> RootLayout {
        guard let directory = opendir(path) else {
            throw SandboxError(
                "opening the rootfs directory \(path): \(String(cString: strerror(errno))). Create it, or correct `directory` "
                    + "in the rootfs definition")
        }
        defer { closedir(directory) }
        // Ours in every sandbox, whatever the rootfs has there.
        let own: Set = [".", "..", "dev", "proc", "processing", "run", "scratch", "scripts", "sys", "tmp", "var"]
        var entries: [PlanStep] = []
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !own.contains(name) { entries += entry("\(path)/\(name)", as: "/\(name)") }
        }
        return RootLayout(entries: entries, hostConfiguration: [])
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
    func steps(network: NetworkAccess, hostName: String) -> [PlanStep] {
        var steps = entries
        steps.append(.directory(path: "/var", mode: 0o755))
        guard !hostConfiguration.isEmpty else { return steps }
        let user = SandboxIdentity.scriptUID
        steps.append(.directory(path: "/etc", mode: 0o755))
        steps += hostConfiguration
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
                steps += Self.followed("/etc/\(name)")
            }
        } else {
            file("hosts", "127.0.0.1 localhost \(hostName)\n::1 localhost \(hostName)\n")
            file("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
        }
        return steps
    }

    /// A bind of what a path leads to: `/etc/resolv.conf` is often a link to a place that the sandbox has not.
    private static func followed(_ path: String) -> [PlanStep] {
        access(path, F_OK) == 0 ? [.bind(source: path, target: path, flags: shared, map: nil)] : []
    }
}
