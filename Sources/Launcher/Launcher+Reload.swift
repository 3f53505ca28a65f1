import Configuration
import Sandbox
import Store

extension Launcher {
    /// Reads the Task files anew. A broken one leaves its old definition running, and says so; what altp.yaml changed takes
    /// effect at the next start.
    package func reload() async -> ReloadReport {
        var report = ReloadReport()
        // A Task whose file comes back is as it was left: paused, say.
        var stored: [String: TaskRecord] = [:]
        do throws(LauncherError) {
            let records = try await fromStore { () async throws(StoreError) in try await self.store.tasks() }
            for record in records { stored[record.name] = record }
        } catch {
            report.problems = [Diagnostic(file: folder.path, message: "nothing was reloaded: \(error.description)")]
            return report
        }
        let lenient = HostFolder.loadLeniently(folder.path)
        report.problems = lenient.problems
        var next = lenient.folder
        if next.host != folder.host {
            report.problems.append(
                Diagnostic(
                    file: "altp.yaml", message: "it has changed; that takes effect when the Launcher is started anew"))
        }
        next.host = folder.host
        for (name, definition) in next.tasks.sorted(by: { $0.key < $1.key }) {
            let findings = definition.scripts.flatMap { engine.unenforceable($0.policy) }
            let file = "tasks/\(name).yaml"
            guard findings.isEmpty else {
                report.problems += findings.map { Diagnostic(file: file, message: "this host cannot enforce \($0)") }
                liveTasks[name]?.problem = findings.joined(separator: "; ")
                next.tasks[name] = folder.tasks[name]
                continue
            }
            let old = liveTasks[name]
            if old?.definition == definition {
                liveTasks[name]?.problem = nil
                continue
            }
            do throws(LauncherError) {
                try install(definition, record: old?.record ?? stored[name] ?? TaskRecord(name: name))
                if old == nil { report.added.append(name) } else { report.changed.append(name) }
            } catch {
                report.problems.append(Diagnostic(file: file, message: error.description))
                next.tasks[name] = folder.tasks[name]
            }
        }
        for (name, diagnostics) in lenient.brokenTasks {
            liveTasks[name]?.problem = diagnostics.map(\.description).joined(separator: "\n")
            next.tasks[name] = folder.tasks[name]
        }
        for name in liveTasks.keys.sorted() where next.tasks[name] == nil {
            liveTasks[name] = nil
            report.removed.append(name)
        }
        folder = next
        for problem in report.problems {
            LauncherLog.write(.warning, "a problem in the configuration", ("at", problem.description))
        }
        LauncherLog.write(
            .info, "reloaded", ("added", "\(report.added.count)"), ("changed", "\(report.changed.count)"),
            ("removed", "\(report.removed.count)"), ("problems", "\(report.problems.count)"))
        await lookAtTime()
        return report
    }
}
