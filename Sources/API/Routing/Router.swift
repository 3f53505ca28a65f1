/// Finds the route of a request. Pure: its table is a value.
package struct Router: Sendable {
    package enum Match: Sendable {
        case route(Route, captures: [String: String])
        /// The path is known; these are the methods that it has.
        case otherMethods([String])
        case notFound
    }

    /// Those whose paths have this many segments, in the order of the table.
    private let byLength: [[Route]]

    package init(routes: [Route]) {
        var byLength: [[Route]] = []
        for route in routes {
            while byLength.count <= route.path.segments.count { byLength.append([]) }
            byLength[route.path.segments.count].append(route)
        }
        self.byLength = byLength
    }

    /// HEAD finds the route of GET; the server leaves the body out. What names the path by more of its own words takes it
    /// whole: `/processings/actions` is no Processing, whatever the method.
    package func match(method: String, path: [String]) -> Match {
        guard path.count < byLength.count else { return .notFound }
        let wanted = method == "HEAD" ? "GET" : method
        var methods: [String] = []
        var found: (route: Route, captures: [String: String])?
        var words = 0
        for route in byLength[path.count] {
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
