package import Configuration
import Glibc
import Synchronization

/// What the Launcher tells its administrator: an entry for each happening, to the journal where standard error goes there, else
/// a line on standard error.
package enum LauncherLog {
    package enum Level: String, Sendable {
        case info, warning, error

        var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    private struct Target: Sendable {
        var settings = LogSettings()
        /// What the command line says, before the configuration.
        var format: LogSettings.Format?
        var journal: JournalSocket?
    }

    private static let target = Mutex(Target())

    /// Takes what altp.yaml says, now or after a reload.
    package static func take(_ settings: LogSettings) { target.withLock { $0.settings = settings } }

    /// - Parameter format: what the command line says, which outranks the configuration.
    package static func begin(format: LogSettings.Format?, journal: JournalSocket?) {
        target.withLock { ($0.format, $0.journal) = (format, journal) }
    }

    package static func write(_ level: Level = .info, _ message: String, _ fields: (String, String)...) {
        let target = target.withLock { $0 }
        guard level.rank >= Level(rawValue: target.settings.level.rawValue)?.rank ?? 0 else { return }
        let entry = LogEntry(
            time: Launcher.systemTime(), level: level, message: message,
            fields: fields.map { (name: $0.0, value: $0.1) })
        let format = target.format ?? target.settings.format
        if let journal = target.journal, journal.send(entry.journal(format)) { return }
        let line = Array(entry.line(format).utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}
