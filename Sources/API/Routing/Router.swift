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

    /// HEAD finds the route of GET; the server leaves the body out. What names the path by more of its own words takes it
    /// whole: `/processings/actions` is no Processing, whatever the method.
    package func match(method: String, path: [String]) -> Match {
        let wanted = method == "HEAD" ? "GET" : method
        var methods: [String] = []
        var found: (route: Route, captures: [String: String])?
        var words = 0
        for route in routes {
            guard let captures = route.path.match(path) else { continue }
            let own = path.count - captures.count
            if own > words || methods.isEmpty { (words, methods, found) = (own, [], nil) }
            guard own == words else { continue }
            if route.method.rawValue == wanted { found = found ?? (route, captures) }
            methods.append(route.method.rawValue)
        }
        if let found { return .route(found.route, captures: found.captures) }
        guard !methods.isEmpty else { return .notFound }
        if methods.contains("GET") { methods.append("HEAD") }
        return .otherMethods((methods + ["OPTIONS"]).sorted())
    }
}
