import API
import Configuration
import Testing

/// What a token with a scope may use.
@Suite struct ScopeTests {
    private static func token(_ role: Role, _ tasks: Set<String>?) -> Caller {
        .token(TokenPeer(id: "abcdefghijkl", name: "ci", role: role, tasks: tasks))
    }

    private static func refusal(_ caller: Caller, _ route: Route, task: String?) -> String? {
        Authorization.refusal(of: caller, access: route.access, task: task, narrows: route.narrows)
    }

    @Test(arguments: [Role.viewer, .operator, .admin])
    func withoutAScopeItIsLikeAUserOfItsRole(_ role: Role) {
        for route in RouteTable.routes {
            let task = route.target == .none ? nil : "any"
            #expect(
                (Self.refusal(Self.token(role, nil), route, task: task) == nil)
                    == (Self.refusal(.user(name: "u", role: role), route, task: task) == nil),
                "\(route.method) \(route.path)")
        }
    }

    @Test func aScopeHoldsForWhateverBelongsToATask() {
        for route in RouteTable.routes where route.target != .none {
            let admin = Self.token(.admin, ["own", "second"])
            #expect(Self.refusal(admin, route, task: "own") == nil)
            #expect(
                Self.refusal(admin, route, task: "other")
                    == "The token ci is for own, second, and this belongs to another Task.")
        }
    }

    /// Everything else is the host's, unless its handler narrows what it shows.
    @Test func aScopeEndsBeforeTheHost() {
        let open = RouteTable.routes.filter {
            $0.target == .none && Self.refusal(Self.token(.admin, ["own"]), $0, task: nil) == nil
        }.map { "\($0.method.rawValue) \($0.path)" }
        #expect(
            Set(open) == [
                "GET /healthz", "GET /readyz", "GET /api/v1", "GET /api/v1/openapi.json", "GET /api/v1/tasks",
                "GET /api/v1/processings", "POST /api/v1/events",
                "GET /api/v1/events", "GET /api/v1/events/{id}", "GET /api/v1/statistics", "GET /api/v1/sessions",
                "GET /api/v1/sessions/{id}/stream", "DELETE /api/v1/sessions/{id}", "GET /api/v1/causes",
                "GET /api/v1/stream", "POST /api/v1/hooks/{name}", "GET /api/v1/causes/{fingerprint}",
                "POST /api/v1/processings/actions",
            ])
    }

    @Test func aTokenIsNoScript() {
        for route in RouteTable.routes {
            guard case .script = route.access else { continue }
            #expect(Self.refusal(Self.token(.admin, nil), route, task: nil) != nil)
        }
    }

    @Test(arguments: [true, false])
    func withoutAValidTokenThereIsNothingButHealthAndTheDescription(_ hasToken: Bool) {
        let open = RouteTable.routes.filter { Self.refusal(.anonymous(hasToken: hasToken), $0, task: nil) == nil }
        #expect(
            Set(open.map { "\($0.path)" }) == [
                "/healthz", "/readyz", "/api/v1", "/api/v1/openapi.json", "/api/v1/hooks/{name}",
            ])
    }

    @Test func seesItsTasksAlone() {
        #expect(Self.token(.viewer, ["own"]).visibleTasks == ["own"])
        #expect(Self.token(.viewer, nil).visibleTasks == nil)
        #expect(Self.token(.admin, nil).source == "token:ci")
        #expect(!Self.token(.admin, nil).isRoot)
        #expect(!Caller.token(TokenPeer(id: "x", name: "root", role: .admin, tasks: nil)).isRoot)
    }
}
