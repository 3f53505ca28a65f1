import Store
import Synchronization

/// What the API has answered since the Launcher started, by route.
final class RequestMeters: Sendable {
    struct Route: Hashable {
        /// The path's template, so that there are as many as routes; `none` where no route was found.
        var template: String
        var method: String
    }

    struct Answer: Hashable {
        var route: Route
        var status: Int
    }

    struct Figures {
        var answers: [Answer: Int] = [:]
        var durations: [Route: Histogram] = [:]
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    private let state = Mutex(Figures())

    var figures: Figures { state.withLock { $0 } }

    func record(_ match: Router.Match, method: String, status: Int, _ duration: Duration) {
        var route = Route(template: "none", method: Self.methods.contains(method) ? method : "other")
        if case .route(let found, _) = match { route.template = found.path.description }
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        state.withLock {
            $0.answers[Answer(route: route, status: status), default: 0] += 1
            $0.durations[route, default: Histogram()].record(microseconds)
        }
    }
}
