import Configuration
import Launcher
import Store
import Wire

extension APIService {
    func listProcessings(_ call: Call) async throws(Problem) -> HTTPResponse {
        let paging = try Paging(call.query)
        var filter = try Self.filter(call.query)
        if let visible = call.caller.visibleTasks {
            guard filter.tasks.isSubset(of: visible) else {
                throw Problems.forbidden(
                    "\(call.caller.source) may see the Processings of \(visible.sorted().joined(separator: ", ")).")
            }
            if filter.tasks.isEmpty { filter.tasks = visible }
        }
        let wanted = filter
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.processings(wanted, before: paging.before, limit: paging.limit)
        }
        let ids = page.items.map(\.id)
        let labels = try await stored { () async throws(StoreError) in try await launcher.store.labels(of: ids) }
        return .json(
            PageView(
                items: try mapped { try page.items.map { try ProcessingView($0, labels: labels[$0.id] ?? [:]) } },
                next: page.next.map(Paging.cursor)))
    }

    static func filter(_ query: Query) throws(Problem) -> ProcessingFilter {
        var filter = ProcessingFilter()
        for text in query.all("status") {
            guard let status = ProcessingStatus(rawValue: text) else {
                throw Query.wrong(
                    "status", "must be \(ProcessingStatus.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.statuses.insert(status)
        }
        for text in query.all("outcome") {
            guard let outcome = OutcomeKind(rawValue: text) else {
                throw Query.wrong("outcome", "must be \(OutcomeKind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.outcomes.insert(outcome.rawValue)
        }
        filter.tasks = Set(query.all("task"))
        filter.labels = try labelFilter(query)
        filter.causes = Set(query.all("cause"))
        if let text = query.first("since") {
            guard let time = Timestamp(parsing: text) else {
                throw Query.wrong("since", "must be a time such as 2026-11-24T12:30:01Z")
            }
            filter.since = time.milliseconds
        }
        return filter
    }

    func showProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        .json(try await processingView(try await processing(call.captures["id"]), for: call.caller))
    }

    func explainProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        return .json(
            ExplanationView(
                try await launched { () async throws(LauncherError) in try await launcher.why(processing: id) }))
    }

    func cancelProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        try await launched { () async throws(LauncherError) in
            try await launcher.cancel(processing: id, by: call.caller.source)
        }
        return try await showProcessing(call)
    }

    func rerunProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(RerunProcessing.self, from: call.request)
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        try await launched { () async throws(LauncherError) in
            try await launcher.rerun(
                processing: id, from: body.from, using: body.current == true ? .current : .original,
                by: call.caller.source)
        }
        return try await showProcessing(call)
    }

    /// With its Scripts in the chain's order; an attempt of a Script that the definition no longer has comes last.
    func processingView(_ record: ProcessingRecord, for caller: Caller) async throws(Problem) -> ProcessingView {
        let attempts = try await stored { () async throws(StoreError) in
            try await launcher.store.attempts(of: record.id)
        }
        let journal = try await stored { () async throws(StoreError) in
            try await launcher.store.journal(of: record.id)
        }
        let definition = try await launched { () async throws(LauncherError) in
            try await launcher.definition(of: record.id)
        }
        var names = definition.scripts.map(\.name)
        for attempt in attempts where !names.contains(attempt.script) { names.append(attempt.script) }
        let pin = await launcher.pin(of: record.id)
        let labels = try await labels(of: record.id)
        let metrics = try await stored { () async throws(StoreError) in
            try await launcher.store.metrics(of: record.id)
        }
        return try mapped {
            let scripts = try names.map { name in
                try ScriptView(
                    name: name,
                    attempts: attempts.filter { $0.script == name }.sorted { $0.number < $1.number },
                    limits: definition.scripts.first { $0.name == name }?.policy.limits,
                    metrics: metrics.filter { $0.script == name })
            }
            return try ProcessingView(
                record, labels: labels, scripts: scripts,
                history: journal.map { HistoryEntryView(at: Timestamp(milliseconds: $0.at), text: $0.text) },
                directory: caller.script == nil ? launcher.directory(of: record) : nil,
                remnant: caller.script == nil ? launcher.remnant(of: record) : nil, pinnedBy: pin?.who)
        }
    }
}
