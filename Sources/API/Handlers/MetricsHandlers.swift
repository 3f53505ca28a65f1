import Launcher
import Store
import Wire

extension APIService {
    func showMetrics() async throws(Problem) -> HTTPResponse {
        let store = launcher.store
        let totals = try await stored { () async throws(StoreError) in try await store.totals() }
        let causes = try await stored { () async throws(StoreError) in
            try await store.causes(CauseFilter(), limit: 1)
        }
        let page = MetricsPage(
            Measurements(
                launcher: await launcher.figures(), totals: totals, causes: causes, commits: store.commits.histogram,
                commitFailures: store.commitFailures, storeBytes: store.fileSizes, requests: meters.figures,
                process: ProcessFigures.current()))
        return HTTPResponse(
            status: 200, headers: [.init("Content-Type", MetricsPage.contentType)], body: Array(page.text.utf8))
    }

    /// 503 names what is not ready, a field for each.
    func showReadiness() async throws(Problem) -> HTTPResponse {
        let problems = await launcher.readiness()
        guard problems.isEmpty else {
            var problem = Problems.unavailable(
                "The Launcher is not ready: \(problems.map(\.problem).joined(separator: "; ")).")
            problem.errors = problems.map { .init(field: $0.check, detail: $0.problem) }
            throw problem
        }
        return .json(ReadinessView())
    }
}
