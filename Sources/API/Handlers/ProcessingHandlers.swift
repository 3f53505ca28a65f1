import Configuration
import Launcher
import Store
import Wire

extension APIService {
    func listProcessings(_ call: Call) async throws(Problem) -> HTTPResponse {
        let wanted = try ProcessingQuery(call)
        return try await page(call) { () async throws(Problem) in
            let range = try wanted.list.range()
            let page = try await stored { () async throws(StoreError) in
                try await launcher.store.processings(wanted.filter, by: wanted.order, range)
            }
            let ids = page.items.map(\.id)
            let labels = try await stored { () async throws(StoreError) in
                wanted.list.has("labels") ? try await launcher.store.labels(of: ids) : [:]
            }
            return wanted.list.response(
                items: try mapped { try ProcessingItems.json(page.items, labels: labels, wanted.list) },
                next: page.next.map(ListRequest.place))
        }
    }

    func showProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        try await answer(try await processing(call.captures["id"]), to: call.caller)
    }

    /// A Processing as it is, with its version.
    func answer(
        _ record: ProcessingRecord, to caller: Caller, status: Int = 200, headers: [HTTPResponse.Header] = []
    ) async throws(Problem) -> HTTPResponse {
        .json(try await processingView(record, for: caller), status: status, headers: headers)
            .with(version: record.version)
    }

    func explainProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        return .json(
            ExplanationView(
                try await launched { () async throws(LauncherError) in try await launcher.why(processing: id) }))
    }

    func cancelProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        let precondition = try Self.precondition(call)
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        try await launched { () async throws(LauncherError) in
            try await launcher.cancel(processing: id, by: call.caller.source, if: precondition)
        }
        return try await showProcessing(call)
    }

    func rerunProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(RerunProcessing.self, from: call.request)
        // It runs again already.
        if call.made != nil { return try await showProcessing(call) }
        let precondition = try Self.precondition(call)
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        try await launched { () async throws(LauncherError) in
            try await launcher.rerun(
                processing: id, from: body.from, using: body.current == true ? .current : .original,
                by: call.caller.source, if: precondition, receipt: call.receipt)
        }
        return try await showProcessing(call)
    }

    static func precondition(_ call: Call) throws(Problem) -> Precondition {
        try VersionTag.expected(call.request).map(Precondition.version) ?? .none
    }

    func processingView(_ record: ProcessingRecord, for caller: Caller) async throws(Problem) -> ProcessingView {
        let scripts = try await scripts(of: record.id)
        let journal = try await stored { () async throws(StoreError) in
            try await launcher.store.journal(of: record.id)
        }
        let pin = await launcher.pin(of: record.id)
        let labels = try await labels(of: record.id)
        return try mapped {
            try ProcessingView(
                record, labels: labels, scripts: scripts,
                history: journal.map { HistoryEntryView(at: Timestamp(milliseconds: $0.at), text: $0.text) },
                directory: caller.script == nil ? launcher.directory(of: record) : nil,
                remnant: caller.script == nil ? launcher.remnant(of: record) : nil, pinnedBy: pin?.who)
        }
    }
}
