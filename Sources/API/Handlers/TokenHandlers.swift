import Configuration
import Launcher
import Store
import Wire

extension APIService {
    func createToken(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(CreateToken.self, from: call.request)
        guard UserNames.isUsable(body.name) else {
            throw FieldCheck.wrong("name", "must be 1 to 64 letters, digits, -, _, . and @, and not root or uid-…")
        }
        guard let role = Role(name: body.role) else {
            throw FieldCheck.wrong("role", "must be \(Role.allCases.map(\.name).joined(separator: ", "))")
        }
        try FieldCheck.line(body.description, "description")
        let now = Launcher.systemTime()
        if let expiry = body.expiresAt, expiry.milliseconds <= now {
            throw FieldCheck.wrong("expires_at", "must be in the future")
        }
        let tasks = try await scope(body.tasks)
        // The name of an expired one may be taken again.
        if let old = gate.tokens.find(body.name), let expiry = old.expiresAt, expiry <= now {
            try await revoke(old.id, at: now)
        }
        let token = BearerToken.random()
        let record = TokenRecord(
            id: token.id, hash: token.hash, name: body.name, description: body.description, role: role.name,
            tasks: tasks, createdAt: now, createdBy: call.caller.source, expiresAt: body.expiresAt?.milliseconds)
        let isNew = try await stored { () async throws(StoreError) in try await gate.tokens.add(record) }
        guard isNew else {
            throw Problems.conflict("There is a token \(body.name) already; revoke it, or choose another name.")
        }
        return .json(
            CreatedTokenView(secret: token.text, token: TokenView(record, at: now)), status: 201,
            headers: [.init("Location", "\(WirePath.root)/tokens/\(record.id)")])
    }

    func listTokens(_ call: Call) throws(Problem) -> HTTPResponse {
        let now = Launcher.systemTime()
        return .json(gate.tokens.all.map { TokenView($0, at: now) })
    }

    func revokeToken(_ call: Call) async throws(Problem) -> HTTPResponse {
        _ = try BodyReader.read(NoInput.self, from: call.request)
        let name = call.captures["token"] ?? ""
        guard let token = gate.tokens.find(name) else {
            throw Problems.notFound("There is no token \(name.prefix(100)).")
        }
        let now = Launcher.systemTime()
        try await revoke(token.id, at: now)
        return .json(TokenView(gate.tokens.find(token.id) ?? token, at: now))
    }

    private func revoke(_ id: String, at now: Int64) async throws(Problem) {
        do {
            try await gate.tokens.revoke(id, at: now)
        } catch {
            log("api: \(error)")
            throw Problems.failed(
                "The token is not valid any more, but this could not be recorded, so that it would be after the Launcher's "
                    + "next start. The log says why; revoke it again.")
        }
    }

    /// The Tasks of a scope, as they are stored.
    private func scope(_ tasks: [String]?) async throws(Problem) -> String? {
        guard let tasks else { return nil }
        guard !tasks.isEmpty else {
            throw FieldCheck.wrong("tasks", "must name a Task; without the field the token is for all")
        }
        let known = await launcher.tasks().map(\.definition.name)
        for (index, name) in tasks.enumerated() where !known.contains(name) {
            let near = nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
            throw FieldCheck.wrong("tasks.\(index)", "names no Task: \(name.prefix(100))\(near)")
        }
        return try mapped { String(decoding: try WireJSON.encode(Set(tasks).sorted()), as: UTF8.self) }
    }

    static let auditSorts = ["-at"]

    func listAudit(_ call: Call) async throws(Problem) -> HTTPResponse {
        let list = try ListRequest(call, sorts: Self.auditSorts, preset: "-at", fields: AuditView.listFields)
        let range = try list.range()
        var filter = AuditFilter()
        filter.who = try call.query.filter("who")
        for method in call.query.all("method") {
            guard ["POST", "PUT", "PATCH", "DELETE"].contains(method) else {
                throw Query.wrong("method", "must be POST, PUT, PATCH or DELETE")
            }
            filter.methods.insert(method)
        }
        filter.path = call.query.first("path")
        for text in call.query.all("status") {
            guard let status = Int(text), (100...599).contains(status) else {
                throw Query.wrong("status", "must be a whole number from 100 to 599")
            }
            filter.statuses.insert(status)
        }
        filter.since = try call.query.time("since")
        filter.until = try call.query.time("until")
        let wanted = filter
        let page = try await stored { () async throws(StoreError) in
            try await launcher.store.audit(wanted, before: range.after?.id, limit: range.limit)
        }
        return list.response(
            items: try mapped { try list.encode(page.items.map(AuditView.init)) },
            next: page.next.map(ListRequest.place))
    }
}

extension TokenView {
    init(_ record: TokenRecord, at now: Int64) {
        let tasks = record.tasks.map { (try? WireJSON.decode([String].self, from: Array($0.utf8))) ?? [] }
        let state =
            record.revokedAt != nil ? "revoked" : record.expiresAt.map { $0 <= now } ?? false ? "expired" : "valid"
        self.init(
            id: record.id, name: record.name, description: record.description, role: record.role, tasks: tasks,
            state: state, createdAt: Timestamp(milliseconds: record.createdAt), createdBy: record.createdBy,
            expiresAt: record.expiresAt.map(Timestamp.init), revokedAt: record.revokedAt.map(Timestamp.init),
            lastUsedAt: record.lastUsedAt.map(Timestamp.init))
    }
}

extension AuditView {
    init(_ record: AuditRecord) {
        self.init(
            id: record.id, at: Timestamp(milliseconds: record.at), kind: record.kind.rawValue, who: record.who,
            origin: record.origin, method: record.method, path: record.path, body: record.body, status: record.status,
            request: record.request)
    }
}
