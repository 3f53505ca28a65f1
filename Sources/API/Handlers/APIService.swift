import Configuration
package import Launcher
import Store
import Wire

/// Answers the API's requests: finds out who asks, finds the route, checks that the one may use the other, and runs it.
package struct APIService: Sendable {
    package var launcher: Launcher
    /// The configuration folder and the state folder, for people to see.
    package var configuration: String
    package var state: String
    /// The group whose members are admins; nil when the host has none of that name.
    package var group: UInt32?
    /// A sandbox's uid is no user of the host, whatever groups it may have.
    package var isSandboxUID: @Sendable (UInt32) -> Bool
    /// Begins the Launcher's orderly stop; `true` ends the running Scripts too.
    package var stop: @Sendable (Bool) -> Void
    package var log: @Sendable (String) -> Void

    let router = Router(routes: RouteTable.routes)
    let desk = SessionDesk()

    package init(
        launcher: Launcher, configuration: String, state: String, group: UInt32?,
        isSandboxUID: @escaping @Sendable (UInt32) -> Bool, stop: @escaping @Sendable (Bool) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.launcher = launcher
        self.configuration = configuration
        self.state = state
        self.group = group
        self.isSandboxUID = isSandboxUID
        self.stop = stop
        self.log = log
    }

    package func respond(to request: HTTPRequest, from peer: PeerCredentials) async -> HTTPResponse {
        let caller = await caller(peer)
        do {
            return try await route(request, caller)
        } catch {
            var problem = error
            problem.instance = request.instance
            return .problem(problem)
        }
    }

    private func caller(_ peer: PeerCredentials) async -> Caller {
        if peer.uid == 0 { return .user(name: "root", role: .admin) }
        if isSandboxUID(peer.uid) {
            guard let script = await launcher.peer(hostUID: peer.uid) else { return .stranger(uid: peer.uid) }
            return .script(script)
        }
        guard let group, peer.isMember(of: group) else { return .stranger(uid: peer.uid) }
        return .user(name: "uid-\(peer.uid)", role: .admin)
    }

    private func route(_ request: HTTPRequest, _ caller: Caller) async throws(Problem) -> HTTPResponse {
        switch router.match(method: request.method, path: request.path) {
        case .route(let route, let captures):
            try await authorize(caller, route, captures)
            let query = try Query(request.query, parameters: route.query)
            return try await route.handler(
                self, Call(caller: caller, request: request, captures: captures, query: query))
        case .otherMethods(let methods):
            if case .stranger = caller { throw refusal(caller) }
            let allow = HTTPResponse.Header("Allow", methods.joined(separator: ", "))
            if request.method == "OPTIONS" { return HTTPResponse(status: 204, headers: [allow]) }
            var problem = Problems.methodNotAllowed(
                "\(request.instance) takes \(methods.joined(separator: ", ")), not \(request.method.prefix(20)).")
            problem.instance = request.instance
            return .problem(problem, headers: [allow])
        case .notFound:
            if case .stranger = caller { throw refusal(caller) }
            throw Problems.notFound("There is nothing at this path.")
        }
    }

    private func refusal(_ caller: Caller) -> Problem {
        Problems.forbidden(
            Authorization.refusal(of: caller, access: .role(.viewer, script: nil), task: nil) ?? "Not allowed.")
    }

    /// Looks the target's Task up only for a caller whose rights end at its own Task.
    private func authorize(_ caller: Caller, _ route: Route, _ captures: [String: String]) async throws(Problem) {
        var task: String?
        if let peer = caller.script, peer.control == .task {
            switch route.target {
            case .none: break
            case .task: task = captures["name"]
            case .processing: task = try await processing(captures["id"]).task
            }
        }
        if let reason = Authorization.refusal(of: caller, access: route.access, task: task) {
            throw Problems.forbidden(reason)
        }
    }

    // What several handlers need

    func processing(_ text: String?) async throws(Problem) -> ProcessingRecord {
        let id = try Self.identifier(text, of: "Processing")
        let record = try await stored { () async throws(StoreError) in try await launcher.store.processing(id) }
        guard let record else { throw Problems.notFound("There is no Processing \(id).") }
        return record
    }

    static func identifier(_ text: String?, of what: String) throws(Problem) -> Int64 {
        guard let text, let id = Int64(text), id > 0, String(id) == text else {
            throw Problems.notFound("There is no \(what) \((text ?? "").prefix(40)); they have numbers.")
        }
        return id
    }

    /// Runs a read of the store. What fails is for the log; the client learns that it is not its fault.
    func stored<Value>(
        _ read: @Sendable () async throws(StoreError) -> Value
    ) async throws(Problem) -> Value {
        do {
            return try await read()
        } catch {
            log("api: \(error)")
            throw Problems.failed("The Launcher's store could not be read; its log says why.")
        }
    }

    /// Makes a wire value of a stored one. What fails is a row that no version of the Launcher should have written.
    func mapped<Value>(_ map: () throws -> Value) throws(Problem) -> Value {
        do {
            return try map()
        } catch {
            log("api: a stored value cannot be read: \(error)")
            throw Problems.failed("The Launcher's store holds a value that cannot be read; its log says which.")
        }
    }

    /// Runs an action of the Launcher.
    func launched<Value>(
        _ action: @Sendable () async throws(LauncherError) -> Value
    ) async throws(Problem) -> Value {
        do {
            return try await action()
        } catch {
            throw Problems.problem(for: error)
        }
    }
}
