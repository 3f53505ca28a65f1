import Configuration
import Launcher
import Store
import Wire

extension APIService {
    func listScripts(_ call: Call) async throws(Problem) -> HTTPResponse {
        .json(PageView(items: try await scripts(call)))
    }

    func showScript(_ call: Call) async throws(Problem) -> HTTPResponse { .json(try await script(call)) }

    func listAttempts(_ call: Call) async throws(Problem) -> HTTPResponse {
        .json(PageView(items: try await script(call).attempts))
    }

    func showAttempt(_ call: Call) async throws(Problem) -> HTTPResponse {
        let number = Int(try Self.identifier(call.captures["number"], of: "attempt"))
        let script = try await script(call)
        guard let attempt = script.attempts.first(where: { $0.number == number }) else {
            let id = call.captures["id"] ?? ""
            throw Problems.notFound(
                "There is no attempt \(id)/\(script.name)#\(number); \(script.name) has had \(script.attempts.count).")
        }
        return .json(attempt)
    }

    private func script(_ call: Call) async throws(Problem) -> ScriptView {
        let name = call.captures["script"] ?? ""
        let scripts = try await scripts(call)
        guard let script = scripts.first(where: { $0.name == name }) else {
            throw Problems.notFound(
                "The chain of Processing \(call.captures["id"] ?? "") has no Script \(name.prefix(100)); it has "
                    + "\(scripts.map(\.name).joined(separator: ", ")).")
        }
        return script
    }

    private func scripts(_ call: Call) async throws(Problem) -> [ScriptView] {
        try await scripts(of: try await processing(call.captures["id"]).id)
    }

    /// In the chain's order; an attempt of a Script that the definition no longer has comes last.
    func scripts(of id: Int64) async throws(Problem) -> [ScriptView] {
        let attempts = try await stored { () async throws(StoreError) in try await launcher.store.attempts(of: id) }
        let definition = try await launched { () async throws(LauncherError) in
            try await launcher.definition(of: id)
        }
        let metrics = try await stored { () async throws(StoreError) in try await launcher.store.metrics(of: id) }
        var names = definition.scripts.map(\.name)
        for attempt in attempts where !names.contains(attempt.script) { names.append(attempt.script) }
        return try mapped {
            try names.map { name in
                try ScriptView(
                    name: name,
                    attempts: attempts.filter { $0.script == name }.sorted { $0.number < $1.number },
                    limits: definition.scripts.first { $0.name == name }?.policy.limits,
                    metrics: metrics.filter { $0.script == name })
            }
        }
    }
}
