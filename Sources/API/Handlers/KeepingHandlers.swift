import Launcher
import Store
import Wire

extension APIService {
    func skipScript(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(SkipScript.self, from: call.request)
        return try await changed(call) { id, precondition throws(LauncherError) in
            try await launcher.skip(processing: id, script: body.script, by: call.caller.source, if: precondition)
        }
    }

    func pinProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(PinProcessing.self, from: call.request)
        try FieldCheck.line(body.reason, "reason")
        return try await changed(call) { id, precondition throws(LauncherError) in
            try await launcher.pin(processing: id, reason: body.reason, by: call.caller.source, if: precondition)
        }
    }

    func unpinProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        return try await changed(call) { id, precondition throws(LauncherError) in
            try await launcher.unpin(processing: id, by: call.caller.source, if: precondition)
        }
    }

    func releaseProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        return try await changed(call) { id, precondition throws(LauncherError) in
            try await launcher.release(processing: id, by: call.caller.source, if: precondition)
        }
    }

    func collectGarbage(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(CollectGarbage.self, from: call.request)
        if let free = body.free, free < 0 { throw FieldCheck.wrong("free", "must not be negative") }
        let report = try await launched { () async throws(LauncherError) in
            try await launcher.collect(free: body.free, dryRun: body.dryRun ?? false, by: call.caller.source)
        }
        return .json(CollectionView(report))
    }

    /// Does something to the Processing that the path names, and shows it.
    private func changed(
        _ call: Call, _ body: @escaping @Sendable (Int64, Precondition) async throws(LauncherError) -> Void
    ) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        let precondition = try Self.precondition(call)
        try await launched { () async throws(LauncherError) in try await body(id, precondition) }
        return try await showProcessing(call)
    }
}

extension CollectionView {
    init(_ report: CollectionReport) {
        self.init(
            total: report.total, free: report.free, keepFree: report.keepFree, reserved: report.reserved,
            removed: report.removed.map(Item.init), stays: report.stays.map(Item.init), missing: report.missing)
    }
}

extension CollectionView.Item {
    fileprivate init(_ item: CollectionReport.Item) {
        self.init(
            processing: item.processing, task: item.task, status: item.status.rawValue, bytes: item.bytes,
            cause: item.cause, holders: item.holders, keptUntil: item.keptUntil.map(Timestamp.init))
    }
}
