import Configuration
import Launcher
import Store
import Wire

extension APIService {
    package func respond(to request: HTTPRequest, over connection: HTTPConnection) -> HTTPAnswer {
        guard let peer = connection.peer else {
            return .now(.problem(Problems.forbidden("The kernel does not tell who is connected.")))
        }
        let start = ContinuousClock.now
        let match = router.match(method: request.method, path: request.path)
        let id = RequestName.random()
        @Sendable func finished(_ response: HTTPResponse) -> HTTPResponse {
            meters.record(match, method: request.method, status: response.status, ContinuousClock.now - start)
            var response = response
            response.headers.append(.init(RequestName.header, id))
            return response
        }
        guard HostHeader.isAccepted(request.headers["host"], names: gate.api.hosts, door: connection.door) else {
            return .now(
                finished(
                    refuse(
                        Problems.misdirected(
                            "This host does not go by the name that the request gives (its Host header); api: hosts: in altp.yaml lists names."
                        ), request)))
        }
        switch peer {
        case .local(let credentials):
            if credentials.uid == 0 {
                return answer(request, match, .user(name: "root", role: .admin), from: peer, id).map(finished)
            }
            return .later {
                let caller = await self.caller(credentials)
                return finished(await answer(request, match, caller, from: peer, id).response())
            }
        case .remote(let address):
            let caller = gate.caller(request)
            if let refusal = gate.refusal(of: caller, at: address, over: connection) { return .now(finished(refusal)) }
            return answer(request, match, caller, from: peer, id).map(finished)
        }
    }

    private func answer(
        _ request: HTTPRequest, _ match: Router.Match, _ caller: Caller, from peer: Peer, _ id: String
    ) -> HTTPAnswer {
        if let page = knownPage(request, match, caller) { return .now(page.unlessKnown(to: request)) }
        return .later { await route(request, match, caller, from: peer, id) }
    }

    /// Who asks on the Unix socket and is not root.
    private func caller(_ peer: PeerCredentials) async -> Caller {
        if isSandboxUID(peer.uid) {
            guard let script = await launcher.peer(hostUID: peer.uid, pid: peer.pid) else {
                return .stranger(uid: peer.uid)
            }
            return .script(script)
        }
        guard let group, peer.isMember(of: group) else { return .stranger(uid: peer.uid) }
        return .user(name: await gate.names.name(of: peer.uid), role: .admin)
    }

    private func route(
        _ request: HTTPRequest, _ match: Router.Match, _ caller: Caller, from peer: Peer, _ id: String
    ) async -> HTTPResponse {
        switch match {
        case .route(let route, let captures):
            guard route.isAudited, caller.isKnown else { return await handle(request, caller, route, captures) }
            let entry = AuditRecord(
                at: Launcher.systemTime(), kind: caller.script == nil ? .person : .script, who: caller.source,
                origin: peer.description, method: route.method.rawValue, path: String(request.instance.prefix(500)),
                body: AuditSummary.of(request.body), status: route.success, request: id)
            return await gate.audit.follow(entry) { await handle(request, caller, route, captures) }
        case .otherMethods(let methods):
            if !caller.isKnown { return refuse(refusal(caller), request) }
            let allow = HTTPResponse.Header("Allow", methods.joined(separator: ", "))
            if request.method == "OPTIONS" { return HTTPResponse(status: 204, headers: [allow]) }
            return refuse(
                Problems.methodNotAllowed(
                    "\(request.instance) takes \(methods.joined(separator: ", ")), not \(request.method.prefix(20))."),
                request, headers: [allow])
        case .notFound:
            return refuse(
                caller.isKnown ? Problems.notFound("There is nothing at this path.") : refusal(caller), request)
        }
    }

    private func handle(
        _ request: HTTPRequest, _ caller: Caller, _ route: Route, _ captures: [String: String]
    ) async -> HTTPResponse {
        do throws(Problem) {
            try await authorize(caller, route, captures)
            let query = try Query(request.query, parameters: route.query)
            let call = Call(caller: caller, request: request, captures: captures, query: query)
            // What is safe or idempotent by itself needs no key (RFC 9110, section 9.2.2); nor does a partner's post, whose
            // Event has one, and whose sender is not known before the handler looks.
            if route.method == .post, route.access != .partner, let key = request.headers[IdempotencyKey.header] {
                return try await once(key, route, call)
            }
            return try await route.handler(self, call).unlessKnown(to: request)
        } catch {
            return refuse(error, request)
        }
    }

    private func refuse(
        _ problem: Problem, _ request: HTTPRequest, headers: [HTTPResponse.Header] = []
    ) -> HTTPResponse {
        var problem = problem
        problem.instance = request.instance
        guard problem.status == 401 else { return .problem(problem, headers: headers) }
        // RFC 6750, section 3: no error where there were no credentials.
        let error = request.headers["authorization"] == nil ? "" : ", error=\"invalid_token\""
        return .problem(problem, headers: headers + [.init("WWW-Authenticate", "Bearer realm=\"altp\"\(error)")])
    }

    private func refusal(_ caller: Caller) -> Problem {
        Self.problem(
            caller, Authorization.refusal(of: caller, access: .role(.viewer, script: nil), task: nil) ?? "Not allowed.")
    }

    private static func problem(_ caller: Caller, _ reason: String) -> Problem {
        if case .anonymous = caller { Problems.unauthorized(reason) } else { Problems.forbidden(reason) }
    }

    /// Looks the target's Task up only for a caller whose rights end at some Tasks.
    private func authorize(_ caller: Caller, _ route: Route, _ captures: [String: String]) async throws(Problem) {
        var task: String?
        if caller.isBoundToTasks {
            // Before anything is looked up: what there is, is for those who may ask.
            if let reason = Authorization.refusal(of: caller, access: route.access, task: nil, narrows: true) {
                throw Self.problem(caller, reason)
            }
            switch route.target {
            case .none: break
            case .task: task = captures["name"]
            case .processing: task = try await processing(captures["id"]).task
            }
        }
        if let reason = Authorization.refusal(of: caller, access: route.access, task: task, narrows: route.narrows) {
            throw Self.problem(caller, reason)
        }
    }
}

extension Caller {
    /// Somebody whose name means something.
    fileprivate var isKnown: Bool {
        switch self {
        case .user, .token, .script: true
        case .stranger, .anonymous: false
        }
    }

    fileprivate var isBoundToTasks: Bool {
        switch self {
        case .token(let token): token.tasks != nil
        case .script(let peer): peer.control == .task
        case .user, .stranger, .anonymous: false
        }
    }
}

extension Route {
    /// Whether it changes what others see or rely on. What a Script reports of itself is kept with its attempt, and comes too
    /// often for a log that people read.
    var isAudited: Bool { method != .get && !Self.reports.contains(path.description) }

    private static let reports: Set = ["progress", "metrics", "labels"].reduce(into: Set<String>()) {
        $0.insert("\(WirePath.root)/self/\($1)")
    }
}

/// What a request is called in its answer, in the audit log and in the Launcher's log.
enum RequestName {
    static let header = "Altp-Request-Id"

    static func random() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
