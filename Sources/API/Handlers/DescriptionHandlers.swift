import Wire

extension APIService {
    func showIndex() -> HTTPResponse {
        let collections = RouteTable.routes.filter { route in
            route.method.rawValue == "GET" && route.path.description != RouteTable.root
                && !route.path.segments.contains { if case .parameter = $0 { true } else { false } }
        }.map(\.path.description)
        return .json(
            IndexView(
                version: ProductVersion.current, openapi: RouteTable.descriptionPath,
                collections: collections.filter { $0 != RouteTable.descriptionPath && $0.hasPrefix(RouteTable.root) }
                    .sorted()))
    }

    func showDescription() throws(Problem) -> HTTPResponse {
        switch OpenAPIDocument.text {
        case .success(let text):
            return HTTPResponse(status: 200, headers: [.init("Content-Type", "application/json")], body: text)
        case .failure(let error):
            log("api: describing the routes: \(error)")
            throw Problems.failed("The API's description could not be made; the Launcher's log says why.")
        }
    }
}
