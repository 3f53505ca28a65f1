package import Sandbox
package import Store

extension Launcher {
    /// Enters an attempt's sandbox: the running Script's own, or one made again of what was preserved.
    ///
    /// It returns once the session's command is executed, or could not be (`SessionEnd.Kind.notExecuted`). The session goes
    /// on until its first process ends, until `SandboxSession.end()`, or until the Launcher ends.
    ///
    /// - Parameters:
    ///   - script: nil for the one that the Processing is at or ended at.
    ///   - number: nil for its last attempt.
    ///   - who: for the record: `cli:root`.
    package func enter(
        processing id: Int64, script: String?, number: Int?, _ request: SessionRequest, by who: String
    ) async throws(LauncherError) -> SandboxSession {
        throw LauncherError(.unavailable, "entering is not there yet")
    }

    /// Who is inside of what now, in the order in which they entered.
    package func sessions() -> [EntryRecord] { [] }
}
