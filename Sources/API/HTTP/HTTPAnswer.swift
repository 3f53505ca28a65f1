/// What a handler makes of a request.
package enum HTTPAnswer: Sendable {
    case now(HTTPResponse)
    /// By a task of its own, while the connection is suspended.
    case later(@Sendable () async -> HTTPResponse)

    func map(_ change: @escaping @Sendable (HTTPResponse) -> HTTPResponse) -> HTTPAnswer {
        switch self {
        case .now(let response): .now(change(response))
        case .later(let make): .later { change(await make()) }
        }
    }

    func response() async -> HTTPResponse {
        switch self {
        case .now(let response): response
        case .later(let make): await make()
        }
    }
}
