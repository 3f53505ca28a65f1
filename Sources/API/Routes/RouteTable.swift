import Wire

/// Every operation of the API, a file for each kind.
package enum RouteTable {
    package static let routes: [Route] = [
        description, host, hostFacts, tasks, events, processings, scripts, files, preserved, sessions, stream, hooks,
        own,
        security, labels, metrics, figures,
    ].flatMap { $0 }

    static let root = WirePath.root

    /// What every list takes. With `fields`, items have no others than those.
    static func list(sorts: [String]) -> [Route.QueryParameter] {
        [
            .init("sort", .oneOf(sorts), "By what it is sorted; with a minus the last first"),
            .init("fields", .text, repeats: true, "Which fields of the items are wanted, separated by commas"),
            .init("limit", .integer(1...500), "At most this many, up to 500"),
            .init("cursor", .text, "The `next` of the page before, with the same filter and sort"),
        ]
    }
}
