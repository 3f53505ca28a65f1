import Configuration
import Launcher
import Store
import Wire

extension APIService {
    func showSelf(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let processing = try await processing(String(peer.processing))
        let labels = try await labels(of: peer.processing)
        let wallTime = await launcher.wallTime(of: peer).map(WallTimeView.init)
        return .json(
            try mapped {
                SelfView(
                    reference: Reference(processing: peer.processing, script: peer.script, attempt: peer.attempt),
                    processing: peer.processing, task: peer.task, script: peer.script, attempt: peer.attempt,
                    control: peer.control.rawValue, event: processing.event,
                    params: try parameters(json: processing.params), labels: labels, wallTime: wallTime)
            })
    }

    func reportProgress(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let body = try BodyReader.read(ReportProgress.self, from: call.request)
        guard body.percent != nil || body.text != nil else {
            throw Problems.invalid("Progress needs percent, text or both.")
        }
        try FieldCheck.range(body.percent, "percent", 0...100)
        try FieldCheck.line(body.text, "text", limit: 500)
        try await launched { () async throws(LauncherError) in
            try await launcher.progress(peer, percent: body.percent, text: body.text)
        }
        return .json(AcceptedView())
    }

    func endSelf(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let ending = try Self.ending(try BodyReader.read(EndSelf.self, from: call.request))
        try await launched { () async throws(LauncherError) in try await launcher.end(peer, as: ending) }
        return .json(AcceptedView(), status: 202)
    }

    func pauseOwnTask(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let body = try BodyReader.read(PauseTask.self, from: call.request)
        return .json(try await pause(peer.task, reason: body.reason, by: call.caller))
    }

    static func ending(_ body: EndSelf) throws(Problem) -> SelfEnding {
        try FieldCheck.line(body.reason, "reason")
        if body.outcome == .success { return .success(reason: body.reason) }
        guard let reason = body.reason, !reason.isEmpty else {
            throw FieldCheck.wrong("reason", "is missing; a failure must say why")
        }
        return body.outcome == .soft ? .soft(reason: reason) : .hard(reason: reason)
    }

    /// The routes of these handlers are open to Scripts alone.
    static func peer(_ call: Call) throws(Problem) -> ScriptPeer {
        guard let peer = call.caller.script else {
            throw Problems.forbidden("This is for a Script inside its sandbox, about itself.")
        }
        return peer
    }
}
