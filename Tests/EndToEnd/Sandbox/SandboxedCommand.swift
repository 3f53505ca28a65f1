import FoundationEssentials
import Glibc
import Testing

/// One `altp run` of a shell line, driven as a user drives it.
struct SandboxedCommand {
    var policy: String?
    var arguments: [String]
    /// A command that becomes `altp`, such as nsenter(1) with its arguments.
    var prefix: [String] = []
    /// Added to the environment of `altp`.
    var environment: [String: String] = [:]
    /// More options of `altp run`.
    var options: [String] = []

    init(_ line: String, policy: String? = nil) {
        self.policy = policy
        arguments = ["/bin/sh", "-c", line]
    }

    init(python program: String, policy: String? = nil) {
        self.policy = policy
        arguments = ["python3", "-c", program]
    }

    struct Result {
        var status: Int32
        var output: String
        var errors: String
        var report: Report
    }

    struct Report: Decodable {
        struct Limit: Decodable, Equatable {
            var name: String
            var limit: Int64
            var peak: Int64?
        }
        struct Call: Decodable, Equatable {
            var name: String
            var count: Int
            var killed: Bool
        }
        var kind: String
        var exitStatus: Int?
        var signal: Int?
        var limit: Limit?
        var reason: String
        var deniedCalls: [Call]
        struct Connection: Decodable, Hashable {
            var destination: String
            var transport: String
            var count: Int
        }
        var refusedConnections: [Connection]?
    }

    /// Runs it, and everything that it needed is gone afterwards.
    ///
    /// - Parameter whileRunning: called once the command runs, with the pid of `altp`.
    func run(seconds: Double = 60, whileRunning: ((pid_t) throws -> Void)? = nil) throws -> Result {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var line = prefix + [try Installation.path(of: "altp"), "run", "--report", "\(folder.path)/report.json"]
        if let policy {
            try folder.write("policy.yaml", policy)
            line += ["--policy", "\(folder.path)/policy.yaml"]
        }
        let child = try ChildProcess(line + options + ["--"] + arguments, environment: environment)
        try whileRunning?(child.pid)
        let ended = try child.wait(seconds: seconds)
        let content = try Data(contentsOf: URL(filePath: "\(folder.path)/report.json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return Result(
            status: ended.status, output: ended.output, errors: ended.errors,
            report: try decoder.decode(Report.self, from: content))
    }
}
