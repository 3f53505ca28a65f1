import Configuration
import Glibc

/// A command line that cannot be read.
struct UsageError: Error, CustomStringConvertible {
    var description: String
}

/// The daemon's command line. All paths are absolute.
struct Arguments {
    var config = "/etc/altp"
    /// Instead of what `altp.yaml` says.
    var state: String?
    var run: String?
    /// A cgroup that a service manager delegated, relative to the hierarchy's root.
    var delegated: String?
    /// How the log's lines are written, instead of what `altp.yaml` says.
    var logFormat: LogSettings.Format?
    /// Scripts are bare processes of the host.
    var withoutSandboxes = false

    static let usage =
        "usage: altp-launcher [--config DIR] [--state DIR] [--run DIR] [--delegated CGROUP] [--log-format text|json] "
        + "[--without-sandboxes]"

    init(parsing words: [String]) throws(UsageError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--without-sandboxes" {
                withoutSandboxes = true
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard ["--config", "--state", "--run", "--delegated", "--log-format"].contains(parts[0]) else {
                throw UsageError(description: "unknown argument \(word)")
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                throw UsageError(
                    description: "\(parts[0]) needs a \(parts[0] == "--delegated" ? "cgroup's path" : "folder")")
            }
            if parts[0] == "--log-format" {
                guard let format = LogSettings.Format(rawValue: value) else {
                    throw UsageError(description: "--log-format \(value): expected text or json")
                }
                logFormat = format
                continue
            }
            if parts[0] == "--delegated" {
                guard !value.split(separator: "/").contains("..") else {
                    throw UsageError(
                        description: "--delegated \(value): expected a path from the hierarchy's root, without ..")
                }
                delegated = value.split(separator: "/").joined(separator: "/")
                continue
            }
            let path = try Self.absolute(value)
            switch parts[0] {
            case "--config": config = path
            case "--state": state = path
            default: run = path
            }
        }
    }

    private static func absolute(_ path: String) throws(UsageError) -> String {
        if path.hasPrefix("/") { return path }
        guard let folder = getcwd(nil, 0) else {
            throw UsageError(description: "\(path) is relative, and the working directory is gone")
        }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path)"
    }
}
