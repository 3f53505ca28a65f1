import Launcher
import Sandbox
import Store
import WebSocket
import Wire

extension APIService {
    func openSession(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(OpenSession.self, from: call.request)
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        let request = try sessionRequest(body, call.caller)
        let session = try await launched { () async throws(LauncherError) in
            try await launcher.enter(
                processing: id, script: body.script, number: body.attempt, request, by: call.caller.source)
        }
        guard let reference = Reference(parsing: session.reference) else {
            throw Problems.failed("The Launcher named the attempt \(session.reference).")
        }
        desk.add(session, session.id, owner: call.caller.source)
        let facts = session.facts
        return .json(
            OpenedSessionView(
                id: session.id, reference: reference, stream: "\(WirePath.root)/sessions/\(session.id)/stream",
                window: SessionRelay.window, scriptCommand: facts.command, workingDirectory: facts.workingDirectory,
                relaxed: facts.relaxed.map(\.rawValue), snapshot: facts.snapshot,
                outcome: facts.outcome.map { OutcomeView($0) }, others: facts.others), status: 201)
    }

    private func sessionRequest(_ body: OpenSession, _ caller: Caller) throws(Problem) -> SessionRequest {
        var relax: Set<Relaxation> = []
        for name in body.relax ?? [] {
            guard let relaxation = Relaxation(rawValue: name) else {
                let known = Relaxation.allCases.map(\.rawValue).joined(separator: ", ")
                throw FieldCheck.wrong("relax", "holds \(name.prefix(40)), and there are \(known)")
            }
            relax.insert(relaxation)
        }
        if !relax.isEmpty, let role = caller.role, role < .admin {
            throw Problems.forbidden("\(caller.source) has the role \(role), and relaxing a sandbox needs admin.")
        }
        // Whose folders it shows is not looked at, so it shows nothing that the caller may not see anyway.
        if body.with != nil, !caller.isRoot {
            throw Problems.forbidden("`with` shows a folder of the host, and this is for root alone.")
        }
        guard !desk.isFull else {
            throw Problems.conflict(
                "As many sessions are open as there may be. GET \(WirePath.root)/sessions names them; wait until one is left, or "
                    + "DELETE \(WirePath.root)/sessions/ID ends one.")
        }
        return SessionRequest(
            command: body.command, relax: relax, snapshot: body.snapshot ?? false, with: body.with,
            terminal: body.terminal.map { TerminalSize(rows: $0.rows, columns: $0.columns) },
            environment: body.environment ?? [:])
    }

    func listSessions(_ call: Call) async throws(Problem) -> HTTPResponse {
        var records: [EntryRecord] = []
        for record in await launcher.sessions() {
            if let visible = call.caller.visibleTasks,
                !visible.contains(try await processing(String(record.processing)).task)
            {
                continue
            }
            records.append(record)
        }
        let seen = records
        return .json(try mapped { try seen.map { try SessionView($0) } })
    }

    func openStream(_ call: Call) throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "session")
        let owner = call.caller.source
        let accept: String
        do throws(WebSocketHandshake.Refusal) {
            accept = try WebSocketHandshake.accept(call.request.headers)
        } catch {
            switch error {
            case .malformed(let text): throw Problems.malformed(text)
            case .upgradeRequired(let text):
                return .problem(
                    Problems.upgradeRequired(text),
                    headers: [
                        .init("Upgrade", "websocket"), .init("Sec-WebSocket-Version", WebSocketHandshake.version),
                    ])
            }
        }
        switch desk.standing(id, owner: owner) {
        case .ready: break
        case .notYours: throw Problems.forbidden("Session \(id) was opened by somebody else.")
        case .taken: throw Problems.conflict("The stream of session \(id) is open already.")
        case .unknown:
            throw Problems.notFound("There is no session \(id), or its stream was not opened in time and it was ended.")
        }
        return HTTPResponse(
            status: 101, headers: [.init(WebSocketHandshake.acceptHeader, accept)],
            upgrade: ConnectionUpgrade(to: "websocket") { [desk] in desk.relay(id, owner: owner, over: $0) })
    }

    func endSession(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "session")
        try await checkSession(id, by: call.caller)
        guard await launcher.endSession(id) else { throw Problems.notFound("There is no session \(id).") }
        return .json(AcceptedView(), status: 202)
    }

    /// Who is inside of a Processing's sandboxes.
    func sessions(of processing: Int64) async throws(Problem) -> [SessionView] {
        let records = await launcher.sessions().filter { $0.processing == processing }
        return try mapped { try records.map { try SessionView($0) } }
    }
}
