/// `config.json` of a bundle for OCI runtimes, as far as it is used here; see the runtime-spec's config.md.
struct OCIConfiguration: Encodable {
    struct Root: Encodable {
        var path = "rootfs"
        var readonly: Bool
    }

    struct User: Encodable {
        var uid: UInt32
        var gid: UInt32
    }

    struct Capabilities: Encodable {
        var bounding: [String]
        var effective: [String]
        var permitted: [String]
        var inheritable: [String]
        var ambient: [String]
    }

    struct ResourceLimit: Encodable {
        var type: String
        var soft: UInt64
        var hard: UInt64
    }

    struct Process: Encodable {
        var terminal = false
        var user: User
        var args: [String]
        var env: [String]
        var cwd: String
        var capabilities: Capabilities
        var rlimits: [ResourceLimit]
        var noNewPrivileges = true
    }

    struct Mount: Encodable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    struct IDMapping: Encodable {
        var containerID: UInt32
        var hostID: UInt32
        var size: UInt32
    }

    struct Namespace: Encodable { var type: String }

    struct Memory: Encodable {
        var limit: Int64
        /// Memory and swap together.
        var swap: Int64
    }

    struct CPU: Encodable {
        var quota: Int64
        var period: UInt64
    }

    struct PIDs: Encodable { var limit: Int64 }

    struct Resources: Encodable {
        var memory: Memory
        var cpu: CPU
        var pids: PIDs
    }

    struct Device: Encodable {
        var path: String
        var type: String
        var major: UInt32
        var minor: UInt32
        var fileMode: UInt32 = 0o600
        var uid: UInt32
        var gid: UInt32
    }

    struct Linux: Encodable {
        var uidMappings: [IDMapping]
        var gidMappings: [IDMapping]
        var namespaces: [Namespace]
        var resources: Resources
        var seccomp: SeccompProfile?
        var maskedPaths: [String]
        var readonlyPaths: [String]
        var devices: [Device]
    }

    var ociVersion = "1.0.2"
    var process: Process
    var root: Root
    var hostname: String
    var mounts: [Mount]
    var linux: Linux
    var annotations: [String: String]
}
