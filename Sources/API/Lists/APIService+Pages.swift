import Launcher
import Store
import Wire

extension APIService {
    /// Makes a page that, for a caller who sees all Tasks, depends on nothing but the store and what is asked: it is kept for
    /// the next who asks the same.
    func page(
        _ call: Call, _ make: () async throws(Problem) -> HTTPResponse
    ) async throws(Problem) -> HTTPResponse {
        let version = launcher.store.version
        let response = try await make()
        if call.caller.visibleTasks == nil { pages.keep(response, call.request.resource, at: version) }
        return response
    }

    /// A page that was made for somebody, and is still what a handler would make. Nothing of it waits for anything, so that
    /// many who look at the same page cost no more than a server's own work.
    func knownPage(_ request: HTTPRequest, _ match: Router.Match, _ caller: Caller) -> HTTPResponse? {
        guard case .route(let route, _) = match, route.method == .get, route.target == .none,
            caller.visibleTasks == nil,
            Authorization.refusal(of: caller, access: route.access, task: nil, narrows: route.narrows) == nil
        else { return nil }
        return pages.page(request.resource, at: launcher.store.version)
    }
}
