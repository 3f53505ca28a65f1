import FoundationEssentials
import Glibc

/// The executables under test.
enum Installation {
    /// The folder is `ALTP_BIN`, or the one of the test bundle itself, where a build puts them too.
    static func path(of executable: String) throws -> String {
        let folder: String
        if let given = ProcessInfo.processInfo.environment["ALTP_BIN"] {
            folder = given
        } else {
            let own = CommandLine.arguments[0]
            folder = String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])
        }
        let path = "\(folder)/\(executable)"
        guard access(path, X_OK) == 0 else {
            throw TestFailure("\(path) is not there: build it first (make build), or give its folder with ALTP_BIN")
        }
        return path
    }

    static var isRoot: Bool { geteuid() == 0 }
}
