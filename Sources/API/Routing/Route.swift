package import Configuration
package import Store
package import Wire

/// One operation of the API, as data: what the router matches, the authorizer checks and the API's description tells.
package final class Route: Sendable {
    package typealias Handler = @Sendable (APIService, Call) async throws(Problem) -> HTTPResponse

    package enum Method: String, Sendable, Hashable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// What the path names, for Scripts that may steer their own Task only.
    package enum Target: Sendable, Hashable {
        /// Nothing that belongs to a Task, or a list that the handler narrows.
        case none
        /// The path's `{name}`.
        case task
        /// The path's `{id}`.
        case processing
    }

    package struct QueryParameter: Sendable, Hashable {
        /// What its text must be.
        package enum Form: Sendable, Hashable {
            case text
            case integer(ClosedRange<Int64>)
            case number(ClosedRange<Double>)
            case oneOf([String])
            /// RFC 3339.
            case time
            case flag
        }

        package var name: String
        package var form: Form
        package var repeats: Bool
        package var summary: String

        package init(_ name: String, _ form: Form, repeats: Bool = false, _ summary: String) {
            self.name = name
            self.form = form
            self.repeats = repeats
            self.summary = summary
        }
    }

    /// What a success carries.
    package enum Content: Sendable {
        case json(any (Decodable & Sendable).Type)
        /// Of another media type.
        case media(String)
        /// The connection's next protocol (RFC 6455).
        case webSocket
    }

    package let method: Method
    package let path: PathTemplate
    package let summary: String
    package let access: Access
    package let target: Target
    package let query: [QueryParameter]
    /// What its body must be; nil when it takes none.
    package let body: (any RequestBody.Type)?
    /// The status of a success, and what it carries.
    package let success: Int
    package let response: Content
    /// Its handler shows, and lets steer, no more than the caller's `visibleTasks`, though no Task is named: so that it is
    /// for callers with a scope too. What belongs to the host is not.
    package let narrows: Bool
    package let details: Details
    package let handler: Handler

    init(
        _ method: Method, _ path: String, _ summary: String, _ access: Access, target: Target = .none,
        query: [QueryParameter] = [], body: (any RequestBody.Type)? = nil, success: Int = 200, response: Content,
        narrows: Bool = false, handler: @escaping Handler
    ) {
        self.method = method
        self.path = PathTemplate(path)
        details = Details()
        self.summary = summary
        self.access = access
        self.target = target
        self.query = query
        self.body = body
        self.success = success
        self.response = response
        self.narrows = narrows
        self.handler = handler
    }

    /// The same with other details; and with another query or response, where they are given.
    package init(
        _ other: Route, details: Details, query: [QueryParameter]? = nil, response: Content? = nil
    ) {
        method = other.method
        path = other.path
        summary = other.summary
        access = other.access
        target = other.target
        self.query = query ?? other.query
        body = other.body
        success = other.success
        self.response = response ?? other.response
        narrows = other.narrows
        handler = other.handler
        self.details = details
    }
}

/// Who may use a route.
package enum Access: Sendable, Hashable {
    case anyone
    /// Whoever shows a token that is the path's own and nobody's else: no caller's rights count, and none are asked for.
    case partner
    /// People with at least this role; and Scripts whose policy's control is at least `script`, where there is one.
    /// `task` means: on what belongs to the Script's own Task.
    case role(Role, script: Control?)
    /// Scripts alone, with at least this control.
    case script(Control)
}

/// What a caller that is no Script may do; each includes the one before.
package enum Role: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// See everything.
    case viewer
    /// Steer Tasks and Processings.
    case `operator`
    /// Stop the Launcher.
    case admin

    package static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }
}

/// A request that has found its route.
package struct Call: Sendable {
    package var caller: Caller
    package var request: HTTPRequest
    /// The path's parameters.
    package var captures: [String: String]
    package var query: Query
    /// For whatever creates something, to be kept in the same transaction: it came with an Idempotency-Key.
    package var receipt: RequestReceipt?
    /// It was carried out before, and has made this.
    package var made: String?
}
