/// Finds the route of a request. Pure: its table is a value.
package struct Router: Sendable {
    package enum Match: Sendable {
        case route(Route, captures: [String: String])
        /// The path is known; these are the methods that it has.
        case otherMethods([String])
        case notFound
    }

    package let routes: [Route]

    package init(routes: [Route]) { self.routes = routes }

    /// HEAD finds the route of GET; the server leaves the body out.
    package func match(method: String, path: [String]) -> Match {
        let wanted = method == "HEAD" ? "GET" : method
        var methods: [String] = []
        for route in routes {
            guard let captures = route.path.match(path) else { continue }
            if route.method.rawValue == wanted { return .route(route, captures: captures) }
            methods.append(route.method.rawValue)
        }
        guard !methods.isEmpty else { return .notFound }
        if methods.contains("GET") { methods.append("HEAD") }
        return .otherMethods((methods + ["OPTIONS"]).sorted())
    }
}
