import Wire

/// Every operation of the API, a file for each kind.
package enum RouteTable {
    package static let routes: [Route] = [
        host, tasks, events, processings, preserved, sessions, own, security, labels, metrics, figures,
    ].flatMap { $0 }

    static let root = WirePath.root

    static let paging: [Route.QueryParameter] = [
        .init("limit", .integer(1...500), "At most this many, up to 500"),
        .init("cursor", .text, "The `next` of the page before"),
    ]
}
