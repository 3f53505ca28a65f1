package import Wire

/// An answer: all of it but for exports, since no other answer of this API is larger than the log's page.
package struct HTTPResponse: Sendable, Hashable {
    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var status: Int
    package var headers: [Header]
    package var body: [UInt8]
    /// The connection's next protocol, for status 101 alone.
    package var upgrade: ConnectionUpgrade?
    /// The body, where it is too long to be held at once.
    package var stream: ResponseStream?

    package init(
        status: Int, headers: [Header] = [], body: [UInt8] = [], upgrade: ConnectionUpgrade? = nil,
        stream: ResponseStream? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.upgrade = upgrade
        self.stream = stream
    }

    package static func json(_ value: some Encodable, status: Int = 200, headers: [Header] = []) -> HTTPResponse {
        document(value, contentType: "application/json", status: status, headers: headers)
    }

    package static func problem(_ problem: Problem, headers: [Header] = []) -> HTTPResponse {
        document(problem, contentType: Problem.contentType, status: problem.status, headers: headers)
    }

    package func header(_ name: String) -> String? {
        headers.first { ASCII.areSame($0.name.utf8, name.utf8) }?.value
    }

    /// The wire types hold strings, integers and finite numbers, all of which JSON can say: a failure to encode one is
    /// a defect of this program.
    private static func document(
        _ value: some Encodable, contentType: String, status: Int, headers: [Header]
    ) -> HTTPResponse {
        do {
            let body = try WireJSON.encode(value)
            return HTTPResponse(status: status, headers: [Header("Content-Type", contentType)] + headers, body: body)
        } catch {
            preconditionFailure("\(type(of: value)) cannot be encoded: \(error)")
        }
    }
}
