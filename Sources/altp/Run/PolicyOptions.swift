import Command
import Configuration

/// Everything that a policy says, as options: values replace the policy's, what may be repeated is added to it.
struct PolicyOptions: OptionGroup {
    @Option("cpu", placeholder: "CORES", help: "Cores, such as 1.5.") var cpu: String?
    @Option("cpu-time", placeholder: "TIME", help: "Processor time of all processes together.") var cpuTime: String?
    @Option("memory", placeholder: "SIZE", help: "Memory, such as 512M.") var memory: String?
    @Option("swap", placeholder: "SIZE", help: "Swap beside the memory.") var swap: String?
    @Option("pids", placeholder: "N", help: "Processes and threads.") var pids: String?
    @Option("disk", placeholder: "SIZE", help: "Bytes that the command may add to the disk.") var disk: String?
    @Option("inodes", placeholder: "N", help: "Files and directories that it may add.") var inodes: String?
    @Option("open-files", placeholder: "N", help: "Open files of each process.") var openFiles: String?
    @Option("io-read", placeholder: "SIZE", help: "Bytes a second that are read from the disk.") var ioRead: String?
    @Option("io-write", placeholder: "SIZE", help: "Bytes a second that are written to it.") var ioWrite: String?
    @Option("io-read-ops", placeholder: "N", help: "Reads a second.") var ioReadOps: String?
    @Option("io-write-ops", placeholder: "N", help: "Writes a second.") var ioWriteOps: String?
    @Option("wall-time", placeholder: "TIME", help: "Time until it is ended, such as 5m.") var wallTime: String?
    @Option("grace", placeholder: "TIME", help: "Time between SIGTERM and SIGKILL.") var grace: String?
    @Option(
        "network", placeholder: "none|host|ENDPOINT",
        help: "No network, the host's, or nothing but this endpoint, such as landsat.example:443; may be repeated.")
    var network: [String]
    @Option("seccomp", placeholder: "PROFILE", help: "default, strict, none, or a FILE.json in the OCI format.")
    var seccomp: String?
    @Option("capability", placeholder: "NAME", help: "A capability, such as CAP_CHOWN; may be repeated.")
    var capabilities: [String]
    @Option("device", placeholder: "PATH", help: "A device of the host, such as /dev/fuse; may be repeated.")
    var devices: [String]
    @Option(
        "mount", placeholder: "SOURCE:TARGET[:rw][:owner=NAME]",
        help: "A file or directory of the host, read-only unless it says rw; may be repeated.")
    var mounts: [MountArgument]
    @Option("rootfs", placeholder: "NAME", help: "host, or the name of a rootfs definition of the host folder.")
    var rootfs: String?

    /// In the order of the help.
    var settings: [PolicySetting] {
        let limits: [(String, String, String?)] = [
            ("--cpu", "cpu", cpu), ("--cpu-time", "cpu_time", cpuTime), ("--memory", "memory", memory),
            ("--swap", "swap", swap), ("--pids", "pids", pids), ("--disk", "disk", disk),
            ("--inodes", "inodes", inodes), ("--open-files", "open_files", openFiles), ("--io-read", "io_read", ioRead),
            ("--io-write", "io_write", ioWrite), ("--io-read-ops", "io_read_ops", ioReadOps),
            ("--io-write-ops", "io_write_ops", ioWriteOps), ("--wall-time", "wall_time", wallTime),
            ("--grace", "grace", grace),
        ]
        var settings = limits.compactMap { option, key, value in
            value.map { PolicySetting(option, .limit(key), $0) }
        }
        if network == ["none"] || network == ["host"] {
            settings.append(PolicySetting("--network", .key("network"), network[0]))
        } else {
            settings += network.map { PolicySetting("--network", .endpoint, $0) }
        }
        if let seccomp { settings.append(PolicySetting("--seccomp", .key("seccomp"), seccomp)) }
        settings += capabilities.map { PolicySetting("--capability", .item("capabilities"), $0) }
        settings += devices.map { PolicySetting("--device", .item("devices"), $0) }
        settings += mounts.map { PolicySetting("--mount", .mount, $0.keys) }
        if let rootfs { settings.append(PolicySetting("--rootfs", .key("rootfs"), rootfs)) }
        return settings
    }
}

/// `SOURCE:TARGET[:rw][:owner=NAME]`, as the keys of a mount in a policy.
struct MountArgument: ArgumentValue {
    var keys: [String: String]

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2 else { return nil }
        keys = ["source": parts[0], "target": parts[1]]
        for part in parts.dropFirst(2) {
            let (key, value) = part.hasPrefix("owner=") ? ("owner", String(part.dropFirst(6))) : ("mode", part)
            guard keys.updateValue(value, forKey: key) == nil else { return nil }
        }
    }

    static var expectation: String { "SOURCE:TARGET, with :rw and :owner=NAME after it where they are wanted" }
}

/// `NAME=VALUE`, with a name that a shell can use.
struct VariableArgument: ArgumentValue {
    var name: String
    var value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
        guard let first = name.first, !first.isNumber,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        else { return nil }
    }

    static var expectation: String { "NAME=VALUE, a name of letters, digits and _" }
}

/// An absolute path in the sandbox.
struct PathInSandbox: ArgumentValue {
    var path: String

    init?(argument: String) {
        guard argument.hasPrefix("/") else { return nil }
        path = argument
    }

    static var expectation: String { "an absolute path in the sandbox" }
}
