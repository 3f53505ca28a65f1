import API
import Configuration
import Launcher
import Testing

@Suite struct AuthorizationTests {
    private static func script(_ control: Control) -> Caller {
        .script(ScriptPeer(processing: 42, script: "discover", attempt: 1, task: "own", control: control))
    }

    /// One letter a caller: who may use the route. v, o, a: people; n, s, t, h: Scripts by control; x: a stranger.
    /// A Task or Processing that is named is the Script's own.
    private static let matrix: [String: String] = [
        "GET /healthz": "voanstthx",
        "GET /readyz": "voanstthx",
        "GET /metrics": "voah",
        "GET /api/v1": "voanstthx",
        "GET /api/v1/openapi.json": "voanstthx",
        "GET /api/v1/host": "voah",
        "POST /api/v1/host/reload": "oah",
        "POST /api/v1/host/stop": "a",
        "POST /api/v1/host/gc": "oa",
        "GET /api/v1/statistics": "voah",
        "GET /api/v1/causes": "voah",
        "GET /api/v1/causes/{fingerprint}": "voah",
        "GET /api/v1/tasks": "voath",
        "GET /api/v1/tasks/{name}": "voath",
        "POST /api/v1/tasks/{name}/pause": "oath",
        "POST /api/v1/tasks/{name}/resume": "oath",
        "POST /api/v1/tasks/{name}/trigger": "oath",
        "POST /api/v1/events": "oasth",
        "GET /api/v1/events": "voah",
        "GET /api/v1/events/{id}": "voah",
        "GET /api/v1/processings": "voath",
        "GET /api/v1/processings/{id}": "voath",
        "GET /api/v1/processings/{id}/why": "voath",
        "POST /api/v1/processings/{id}/cancel": "oath",
        "POST /api/v1/processings/{id}/rerun": "oath",
        "POST /api/v1/processings/{id}/skip": "oath",
        "POST /api/v1/processings/{id}/pin": "oath",
        "POST /api/v1/processings/{id}/unpin": "oath",
        "POST /api/v1/processings/{id}/release": "oath",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/log": "voath",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/changes": "voa",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/export": "oa",
        "POST /api/v1/processings/{id}/sessions": "oa",
        "GET /api/v1/sessions": "voa",
        "GET /api/v1/sessions/{id}/stream": "oa",
        "DELETE /api/v1/sessions/{id}": "oa",
        "GET /api/v1/pools": "voah",
        "GET /api/v1/pools/{name}": "voah",
        "GET /api/v1/policies": "voah",
        "GET /api/v1/policies/{name}": "voah",
        "GET /api/v1/rootfs": "voah",
        "GET /api/v1/rootfs/{name}": "voah",
        "GET /api/v1/retention": "voah",
        "GET /api/v1/processings/{id}/scripts": "voath",
        "GET /api/v1/processings/{id}/scripts/{script}": "voath",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts": "voath",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}": "voath",
        "GET /api/v1/stream": "voath",
        "POST /api/v1/hooks/{name}": "voanstthx",
        "GET /api/v1/deliveries": "voa",
        "POST /api/v1/deliveries/{id}/redeliver": "oa",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/files": "voa",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/file": "voa",
        "POST /api/v1/processings/actions": "oath",
        "GET /api/v1/self": "sth",
        "POST /api/v1/self/progress": "sth",
        "POST /api/v1/self/end": "sth",
        "POST /api/v1/self/pause-task": "sth",
        "POST /api/v1/tokens": "a",
        "GET /api/v1/tokens": "a",
        "DELETE /api/v1/tokens/{token}": "a",
        "GET /api/v1/audit": "a",
        "PUT /api/v1/self/labels/{key}": "sth",
        "DELETE /api/v1/self/labels/{key}": "sth",
        "POST /api/v1/self/metrics": "sth",
        "POST /api/v1/self/again": "sth",
        "POST /api/v1/self/skip-rest": "sth",
        "POST /api/v1/self/reserve": "sth",
        "PUT /api/v1/processings/{id}/labels/{key}": "oath",
        "DELETE /api/v1/processings/{id}/labels/{key}": "oath",
        "GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/metrics": "voath",
        "GET /api/v1/tasks/{name}/metrics": "voath",
    ]

    private static let callers: [(letter: Character, caller: Caller)] = [
        ("v", .user(name: "v", role: .viewer)), ("o", .user(name: "o", role: .operator)),
        ("a", .user(name: "root", role: .admin)), ("n", script(.none)), ("s", script(.`self`)), ("t", script(.task)),
        ("h", script(.host)), ("x", .stranger(uid: 1000)),
    ]

    private static func name(_ route: Route) -> String { "\(route.method.rawValue) \(route.path)" }

    @Test func theMatrixNamesEveryRoute() {
        #expect(Set(RouteTable.routes.map(Self.name)) == Set(Self.matrix.keys))
    }

    @Test(arguments: callers.map(\.letter))
    func letsEachCallerDoWhatIsItsOwn(letter: Character) throws {
        let caller = try #require(Self.callers.first { $0.letter == letter }).caller
        for route in RouteTable.routes {
            let refusal = Authorization.refusal(
                of: caller, access: route.access, task: route.target == .none ? nil : "own")
            let expected = Self.matrix[Self.name(route), default: ""].contains(letter)
            #expect((refusal == nil) == expected, "\(Self.name(route)) for \(letter): \(refusal ?? "allowed")")
        }
    }

    @Test func aScriptSteersNoOtherTaskUnlessItMaySteerTheHost() {
        for route in RouteTable.routes
        where route.target != .none && Self.matrix[Self.name(route), default: ""].contains("h") {
            let task = Authorization.refusal(of: Self.script(.task), access: route.access, task: "other")
            #expect(task == "42/discover#1 may steer its own Task own, and this belongs to other.")
            #expect(Authorization.refusal(of: Self.script(.host), access: route.access, task: "other") == nil)
        }
    }

    @Test func saysWhatIsMissing() {
        #expect(
            Authorization.refusal(of: Self.script(.none), access: .script(.`self`), task: nil)
                == "42/discover#1 has control: none by its policy, and this needs control: self.")
        #expect(
            Authorization.refusal(
                of: .user(name: "ann", role: .viewer), access: .role(.operator, script: nil), task: nil)
                == "ann has the role viewer, and this needs operator.")
    }
}
