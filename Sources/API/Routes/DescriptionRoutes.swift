import Wire

extension RouteTable {
    /// They hold no secrets, and who generates a client or looks for the way in has no token yet.
    static let description: [Route] = [
        Route(
            .get, root, "The Launcher's version, and where things are", .anyone, response: .json(IndexView.self)
        ) { service, _ throws(Problem) in service.showIndex() }.named("getIndex"),
        Route(
            .get, descriptionPath, "This description of the API (OpenAPI 3.1)", .anyone,
            response: .json(JSONTree.self)
        ) { service, _ throws(Problem) in try service.showDescription() }.named("getDescription"),
    ]

    static let descriptionPath = "\(root)/openapi.json"
}
