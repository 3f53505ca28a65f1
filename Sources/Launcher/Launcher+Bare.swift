import Configuration
import Glibc
import Linux
import Sandbox
import Store

/// A Launcher without sandboxes, see `BareMode`. Its Scripts run unconfined because whoever started it asked for that; it
/// says so, and what it means for each policy.
extension Launcher {
    /// Whether Scripts have sandboxes.
    package var isolates: Bool { engine.isolates }

    /// Says that nothing is isolated, and what the policies in use would hold Scripts to.
    func announceBareMode() {
        LauncherLog.write(
            .warning, "NOTHING IS ISOLATED: this Launcher runs without sandboxes",
            ("why", "--without-sandboxes, for development and benchmarks"), ("not_enforced", BareMode.unheld))
        for task in folder.tasks.values.sorted(by: { $0.name < $1.name }) { announceUnheld(task) }
    }

    func announceUnheld(_ task: TaskDefinition) {
        for script in task.scripts {
            LauncherLog.write(
                .warning, "not enforced without sandboxes", ("script", "\(task.name)/\(script.name)"),
                ("policy", script.policy.name), ("limits", BareMode.unheld(script.policy).joined(separator: ", ")))
        }
    }

    /// Where a Script without a sandbox finds what is its own.
    func barePlaces(_ attempt: Chain.Attempt, of live: LiveProcessing) -> AttemptEnvironment.Places {
        let directory = BareMode.Places(
            state.attempt(live.record.id, attempt), scripts: live.record.scripts.map(state.content))
        var places = AttemptEnvironment.Places()
        (places.home, places.temporary) = (directory.scratch, directory.scratch)
        (places.events, places.scripts) = (directory.events, directory.scripts)
        return places
    }

    static func obstacles(_ script: ScriptDefinition, _ engine: SandboxEngine, in state: String) -> [String] {
        var findings = engine.unenforceable(script.policy, in: state)
        if !engine.isolates {
            switch script.run {
            case .shell(let line): findings += BareMode.obstacles(command: [line])
            case .arguments(let words): findings += BareMode.obstacles(command: words)
            }
        }
        return findings
    }

    func refuseEntry() throws(LauncherError) {
        guard !engine.isolates else { return }
        throw LauncherError(
            .conflict, "this Launcher runs without sandboxes (--without-sandboxes): there is none to enter")
    }
}

extension StateFolder {
    /// Lets the Scripts' users pass through the folder to what is theirs, or no longer.
    func setPassage(_ isOpen: Bool) throws(LauncherError) {
        if isOpen, let obstacle = BareMode.obstacle(to: path + "/") { throw LauncherError(.invalid, obstacle) }
        do throws(SystemError) {
            for folder in [path, "\(path)/processings", "\(path)/content"] {
                try check("chmod", folder) { chmod(folder, isOpen ? 0o711 : 0o700) }
            }
        } catch {
            throw LauncherError(.unavailable, "preparing the state folder: \(error)")
        }
    }
}
