import Configuration
package import Launcher
import Store
import Wire

extension APIService {
    func showHost() async throws(Problem) -> HTTPResponse {
        let tasks = await launcher.tasks()
        let handedOut = await launcher.handedOut()
        return .json(
            HostView(
                version: ProductVersion.current, startedAt: Timestamp(milliseconds: await launcher.startedAt),
                configuration: configuration, state: state, tasks: tasks.count,
                pausedTasks: tasks.count { $0.paused },
                processings: .init(
                    waiting: tasks.reduce(0) { $0 + $1.waiting }, running: tasks.reduce(0) { $0 + $1.running }),
                attempts: .init(waiting: handedOut.waiting, running: handedOut.running),
                resources: handedOut.amounts.map(ResourceView.init),
                withoutSandboxes: await !launcher.isolates))
    }

    /// Also on a signal: the Tasks, what altp.yaml hands out, and a renewed certificate.
    package func reload() async -> ReloadReport {
        var report = await launcher.reload()
        if let problem = await gate.listeners.renew() {
            log("api: \(problem)")
            report.problems.append(Diagnostic(file: "altp.yaml", message: problem))
        }
        return report
    }

    func reload(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        return .json(ReloadView(await reload()))
    }

    /// The answer goes out before the Launcher stops: a stop waits for the requests under way.
    func stopHost(_ call: Call) throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(StopHost.self, from: call.request)
        log("stop was asked for by \(call.caller.source)")
        stop(body.stopScripts ?? false)
        return .json(AcceptedView(), status: 202)
    }
}
