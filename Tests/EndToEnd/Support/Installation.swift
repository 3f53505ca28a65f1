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

    /// The running kernel's major and minor number.
    static var kernel: (Int, Int) {
        let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
        let numbers = release.split { !$0.isNumber }.compactMap { Int($0) }
        return numbers.count > 1 ? (numbers[0], numbers[1]) : (0, 0)
    }

    static var isRoot: Bool { geteuid() == 0 }
}
