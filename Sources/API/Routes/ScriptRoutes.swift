import Configuration
import Wire

extension RouteTable {
    /// Where an attempt is.
    static let attempt = "\(root)/processings/{id}/scripts/{script}/attempts/{number}"

    static let scripts: [Route] = [
        Route(
            .get, "\(root)/processings/{id}/scripts", "A Processing's Scripts, in the order of the chain",
            .role(.viewer, script: .task), target: .processing, response: .json(PageView<ScriptView>.self)
        ) { service, call throws(Problem) in try await service.listScripts(call) },
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}", "One Script with its attempts",
            .role(.viewer, script: .task), target: .processing, response: .json(ScriptView.self)
        ) { service, call throws(Problem) in try await service.showScript(call) },
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts", "A Script's attempts, in order",
            .role(.viewer, script: .task), target: .processing, response: .json(PageView<AttemptView>.self)
        ) { service, call throws(Problem) in try await service.listAttempts(call) },
        Route(
            .get, attempt, "One attempt: its outcome, and the evidence", .role(.viewer, script: .task),
            target: .processing, response: .json(AttemptView.self)
        ) { service, call throws(Problem) in try await service.showAttempt(call) },
    ]
}
