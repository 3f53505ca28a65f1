import Configuration
import Sandbox
import Store

extension Launcher {
    /// Reads the host folder anew. A broken Task file leaves its old definition running, and says so; of altp.yaml, what may
    /// be handed out is taken at once, and the rest at the next start.
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
        let hostIsGood = !lenient.problems.contains { $0.file == "altp.yaml" }
        next.host = hostIsGood ? takeHost(next.host, &report) : folder.host
        engine.take(rootfs: next.rootfs)
        for (name, definition) in next.tasks.sorted(by: { $0.key < $1.key }) {
            if !take(definition, stored[name], &report) { next.tasks[name] = folder.tasks[name] }
        }
        for (name, diagnostics) in lenient.brokenTasks {
            liveTasks[name]?.problem = diagnostics.map(\.description).joined(separator: "\n")
            next.tasks[name] = folder.tasks[name]
        }
        for name in lenient.brokenWebhooks { next.webhooks[name] = folder.webhooks[name] }
        for name in liveTasks.keys.sorted() where next.tasks[name] == nil {
            if lenient.absenceIsCertain {
                liveTasks[name] = nil
                report.removed.append(name)
            } else {
                // The folder could not be read, perhaps for a moment: that is no wish to remove its Tasks.
                next.tasks[name] = folder.tasks[name]
            }
        }
        folder = next
        for problem in report.problems {
            LauncherLog.write(.warning, "a problem in the configuration", ("at", problem.description))
        }
        LauncherLog.write(
            .info, "reloaded", ("added", "\(report.added.count)"), ("changed", "\(report.changed.count)"),
            ("removed", "\(report.removed.count)"), ("problems", "\(report.problems.count)"))
        let at = now()
        await tell(
            report.added.map { ChangeRecord(.tasks, .added, at: at, task: $0) }
                + report.changed.map { ChangeRecord(.tasks, .changed, at: at, task: $0) }
                + report.removed.map { ChangeRecord(.tasks, .removed, at: at, task: $0) } + [
                    ChangeRecord(
                        .host, .reloaded, at: at,
                        reason: report.problems.isEmpty ? nil : "\(report.problems.count) problems were found")
                ])
        admitSoon()
        await lookAtTime()
        return report
    }

    /// Takes what altp.yaml hands out now, and leaves what only a new start can change.
    private func takeHost(_ host: HostConfiguration, _ report: inout ReloadReport) -> HostConfiguration {
        var taken = folder.host
        (taken.cpu, taken.memory, taken.pools) = (host.cpu, host.memory, host.pools)
        (taken.disk, taken.keepFree, taken.keepChanges) = (host.disk, host.keepFree, host.keepChanges)
        taken.log = host.log
        LauncherLog.take(taken.log)
        taken.notify = host.notify
        if taken != folder.host {
            (disk.handedOut, disk.keepFree) = (taken.disk?.bytes, taken.keepFree)
            store.keepChanges(taken.keepChanges)
            admission.setCapacity(Self.capacity(of: taken), pools: taken.pools)
            lookAtDisk()
        }
        if taken != host {
            report.problems.append(
                Diagnostic(
                    file: "altp.yaml",
                    message:
                        "state, run, uids, cgroup, mount_roots or api have changed: that takes effect when the Launcher is started anew"
                ))
        }
        return taken
    }

    /// Makes a Task's definition the one that new Processings get; false when the old one stays.
    private func take(
        _ definition: TaskDefinition, _ stored: TaskRecord?, _ report: inout ReloadReport
    ) -> Bool {
        let name = definition.name
        let file = "tasks/\(name).yaml"
        let findings = definition.scripts.flatMap { Self.obstacles($0, engine, in: state.path) }
        guard findings.isEmpty else {
            report.problems += findings.map {
                Diagnostic(
                    file: file,
                    message: (engine.isolates ? "this host cannot enforce " : "cannot run without sandboxes: ") + $0)
            }
            liveTasks[name]?.problem = findings.joined(separator: "; ")
            return false
        }
        let old = liveTasks[name]
        if old?.definition == definition {
            liveTasks[name]?.problem = nil
            return true
        }
        do throws(LauncherError) {
            try install(definition, record: old?.record ?? stored ?? TaskRecord(name: name))
        } catch {
            report.problems.append(Diagnostic(file: file, message: error.description))
            return false
        }
        if !engine.isolates { announceUnheld(definition) }
        if old == nil { report.added.append(name) } else { report.changed.append(name) }
        return true
    }
}
