import FoundationEssentials
import Glibc
import Testing

/// A root file system of a few commands and their libraries, copied from this host in milliseconds.
struct SmallTree {
    let path: String

    private static let script = """
        set -e
        root=$1
        mkdir -p $root/bin $root/etc $root/tmp $root/var/tmp $root/open
        chmod 1777 $root/tmp $root/var/tmp $root/open
        for name in sh cat chmod id ls rm sleep stat; do
            file=$(readlink -f $(command -v $name))
            cp $file $root/bin/$name
            for library in $(ldd $file | grep -o '/[^ ]*'); do
                mkdir -p $root$(dirname $library)
                cp -L $library $root$library
            done
        done
        echo 'root:x:0:0:root:/root:/bin/sh' >$root/etc/passwd
        echo 'root:x:0:' >$root/etc/group
        echo image >$root/etc/origin
        """

    init(at path: String) throws {
        self.path = path
        let ended = try execute(["sh", "-c", Self.script, "sh", path])
        guard ended.status == 0 else { throw TestFailure("making a small tree: \(ended.errors)") }
    }

    func write(_ name: String, _ content: String, mode: mode_t = 0o644, owner: UInt32 = 0) throws {
        try Data(content.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        guard chown("\(path)/\(name)", owner, owner) == 0, chmod("\(path)/\(name)", mode) == 0 else {
            throw TestFailure("chown \(name)")
        }
    }

    /// Everything about it that a sandbox could change.
    func fingerprint() throws -> String {
        let ended = try execute([
            "sh", "-c",
            "cd $1 && find . -printf '%P %y %m %U:%G %s %l %T@\\n' | sort && find . -type f -exec cksum {} + | sort",
            "sh",
            path,
        ])
        guard ended.status == 0 else { throw TestFailure("looking at \(path): \(ended.errors)") }
        return ended.output
    }
}

/// Programs that make images, where they are installed.
enum ImageTools {
    static func has(_ names: String...) -> Bool { names.allSatisfy { access("/usr/bin/\($0)", X_OK) == 0 } }
}

/// A host folder for `altp rootfs`, without a Launcher.
struct ImageHost {
    let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
        try root.write("etc/altp.yaml", "state: \(root.path)/state\n")
    }

    var images: String { "\(root.path)/state/rootfs" }

    func remove() { _ = try? execute(["rm", "-rf", "--one-file-system", root.path]) }

    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess([try Installation.path(of: "altp"), "rootfs"] + arguments + ["--config", "\(root.path)/etc"])
    }

    func rootfs(_ arguments: String..., seconds: Double = 120) throws -> ChildProcess.Ended {
        try start(arguments).wait(seconds: seconds)
    }

    struct Row: Decodable {
        var name: String
        var kind: String
        var state: String
        var source: String
        var size: Int64?
        var madeAt: String?
        var suite: String?
        var formerVersions: Int?
        var environment: [String]?
        var workingDirectory: String?
    }

    func row(_ name: String) throws -> Row {
        let ended = try rootfs("show", name, "-o", "json")
        guard ended.status == 0 else { throw TestFailure("altp rootfs show \(name): \(ended.errors)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Row.self, from: Data(ended.output.utf8))
    }

    /// A command in the sandbox of a rootfs.
    func run(_ rootfs: String, _ line: String, limits: String = "", whileRunning: ((pid_t) throws -> Void)? = nil)
        throws
        -> SandboxedCommand.Result
    {
        var command = SandboxedCommand(line, policy: "rootfs: \(rootfs)\nlimits: {\(limits)}\n")
        command.options = ["--config", "\(root.path)/etc"]
        command.environment = ["ALTP_RUN_DIR": root.path]
        return try command.run(whileRunning: whileRunning)
    }

    /// The directory of the run that is under way.
    func attempt() throws -> String {
        let name = try #require(FileTree.names(in: root.path).first { $0.hasPrefix("altp-run-") })
        return "\(root.path)/\(name)/attempt"
    }
}
