import Wire

extension Route {
    /// A header of a request or an answer.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var form: QueryParameter.Form
        package var isRequired: Bool
        package var summary: String

        package init(_ name: String, _ form: QueryParameter.Form, isRequired: Bool = false, _ summary: String) {
            self.name = name
            self.form = form
            self.isRequired = isRequired
            self.summary = summary
        }
    }

    /// What the API's description tells of a route beside what its request is matched and checked by.
    package struct Details: Sendable {
        /// What it is called there and in generated clients; made of its method and path when nil.
        package var name: String?
        package var requestHeaders: [Header] = []
        /// What its body is where that is JSON of any form; nil where `body` says what it must be, or it takes none.
        package var anyJSON: String?
        /// Of its successes.
        package var responseHeaders: [Header] = []
        /// Other statuses that are successes, and what each means: with the route's content, or without any.
        package var successes: [Success] = []
        /// Statuses of problems beside those that every route of its kind has.
        package var problems: Set<Int> = []
        /// What single messages of a stream or a WebSocket hold, by their names.
        package var messages: [String: any (Decodable & Sendable).Type] = [:]
    }

    package struct Success: Sendable, Hashable {
        package var status: Int
        package var summary: String
        package var hasContent: Bool
    }

    /// The name in the description and in generated clients.
    func named(_ name: String) -> Route { with { $0.name = name } }

    func takes(_ headers: Header...) -> Route { with { $0.requestHeaders += headers } }

    func takesAnyJSON(_ summary: String) -> Route { with { $0.anyJSON = summary } }

    func sends(_ headers: Header...) -> Route { with { $0.responseHeaders += headers } }

    func succeeds(with status: Int, _ summary: String, hasContent: Bool = true) -> Route {
        with { $0.successes.append(Success(status: status, summary: summary, hasContent: hasContent)) }
    }

    func fails(with statuses: Int...) -> Route { with { $0.problems.formUnion(statuses) } }

    func carries(_ messages: [String: any (Decodable & Sendable).Type]) -> Route {
        with { $0.messages.merge(messages) { $1 } }
    }

    /// Its answer has a version, by which `asksForVersion` knows whether somebody else was quicker.
    func givesVersion() -> Route {
        takes(Header("If-None-Match", .text, "Versions that the client has: 304 if it is one of them"))
            .sends(Header("ETag", .text, "The version of what is shown")).succeeds(
                with: 304, "The client has this version", hasContent: false)
    }

    func asksForVersion() -> Route {
        takes(Header("If-Match", .text, "The versions (ETag) that this is for: 412 if it has another by now"))
            .fails(with: 412)
    }

    func givesRanges() -> Route {
        takes(
            Header("Range", .text, "The bytes that are wanted (RFC 9110, section 14.2)")
        ).sends(
            Header("Accept-Ranges", .text, "`bytes`"),
            Header("Content-Range", .text, "Of a part, which bytes it has, and how many there are")
        ).succeeds(with: 206, "The bytes that the header Range names").fails(with: 416)
    }

    private func with(_ change: (inout Details) -> Void) -> Route {
        var details = details
        change(&details)
        return Route(self, details: details)
    }
}

extension Route.Header {
    static let location = Route.Header("Location", .text, "The path of what was made")
}
