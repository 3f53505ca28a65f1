import Glibc
import Linux
import SandboxPlan

/// How long the Script may run. The Launcher may have extended it meanwhile, which it says in a file of the attempt's
/// directory: that outlives both, and is looked at only when the time is over.
struct WallTime {
    /// Milliseconds.
    private(set) var limit: Int64
    /// The limit, when it is not the plan's any more.
    private(set) var extended: Int64?
    private let attempt: Int32

    init(_ limit: Int64, attempt: Int32) {
        self.limit = limit
        self.attempt = attempt
    }

    mutating func isOver(after milliseconds: Int64) -> Bool {
        guard milliseconds >= limit else { return false }
        if let text = try? readFile(WallTimeFile.name, at: attempt), let longer = WallTimeFile.limit(text),
            longer > limit
        {
            limit = longer
            extended = longer
        }
        return milliseconds >= limit
    }
}
