import API
import Testing

@Suite struct RouterTests {
    private static let router = Router(routes: RouteTable.routes)

    private static func outcome(_ method: String, _ path: String) -> String {
        switch router.match(method: method, path: RequestTarget(parsing: path)?.path ?? []) {
        case .route(let route, let captures):
            ([route.path.description] + captures.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                .joined(separator: " ")
        case .otherMethods(let methods): "405 " + methods.joined(separator: ",")
        case .notFound: "404"
        }
    }

    @Test(arguments: [
        ("GET", "/healthz", "/healthz"),
        ("GET", "/api/v1/host", "/api/v1/host"),
        ("HEAD", "/api/v1/host", "/api/v1/host"),
        ("GET", "/api/v1/tasks/landsat-scene", "/api/v1/tasks/{name} name=landsat-scene"),
        ("POST", "/api/v1/tasks/a%2Fb/pause", "/api/v1/tasks/{name}/pause name=a/b"),
        (
            "GET", "/api/v1/processings/42/scripts/load/attempts/2/log",
            "/api/v1/processings/{id}/scripts/{script}/attempts/{number}/log id=42 number=2 script=load"
        ),
        ("POST", "/api/v1/host", "405 GET,HEAD,OPTIONS"),
        ("POST", "/api/v1/processings/actions", "/api/v1/processings/actions"),
        ("GET", "/api/v1/processings/actions", "405 OPTIONS,POST"),
        ("OPTIONS", "/api/v1/events", "405 GET,HEAD,OPTIONS,POST"),
        ("DELETE", "/api/v1/processings/1/cancel", "405 OPTIONS,POST"),
        ("get", "/api/v1/host", "405 GET,HEAD,OPTIONS"),
        ("GET", "/", "404"),
        ("GET", "/api/v1", "/api/v1"),
        ("GET", "/api/v1/host/", "404"),
        ("GET", "/api//v1/host", "404"),
        ("GET", "/api/v1/tasks//pause", "404"),
        ("GET", "/api/v1/%68ost", "/api/v1/host"),
        ("GET", "/api/v1/nothing", "404"),
    ])
    func matches(method: String, path: String, expected: String) {
        #expect(Self.outcome(method, path) == expected)
    }

    @Test func everyRouteIsReachedByItsOwnPath() {
        for route in RouteTable.routes {
            let path = route.path.description.replacing("{id}", with: "1").replacing("{number}", with: "1")
                .replacing("{name}", with: "n").replacing("{script}", with: "s")
            #expect(Self.outcome(route.method.rawValue, path).hasPrefix(route.path.description))
        }
    }
}
