/// Why a time zone cannot be used.
package enum TimeZoneError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not the form of a tz database name.
    case invalidName(String)
    /// The database has no such zone.
    case unknown(String)
    /// This host has no tz database.
    case noDatabase(name: String, directory: String)
    /// The system refused to give the file.
    case unreadable(path: String, call: String, reason: String)
    /// The file's content is not TZif.
    case malformed(name: String, problem: String)

    package var description: String {
        switch self {
        case .invalidName(let name):
            "`\(name)` is not the name of a time zone; expected one such as Europe/Berlin or UTC"
        case .unknown(let name):
            "there is no time zone `\(name)`; expected a name of the tz database such as Europe/Berlin or UTC"
        case .noDatabase(let name, let directory):
            "cannot look up the time zone `\(name)`: \(directory) does not exist; install the package tzdata, or use UTC"
        case .unreadable(let path, let call, let reason):
            "cannot read the time zone file \(path): \(call): \(reason)"
        case .malformed(let name, let problem):
            "the file of the time zone `\(name)` is malformed: \(problem); reinstall the package tzdata"
        }
    }
}
