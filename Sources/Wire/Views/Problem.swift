/// An error as RFC 9457 describes it, `application/problem+json`.
package struct Problem: Error, Sendable, Hashable, Codable {
    /// One wrong field of the input, named by its path: `params.scene`.
    package struct FieldError: Sendable, Hashable, Codable {
        package var field: String
        package var detail: String

        package init(field: String, detail: String) {
            self.field = field
            self.detail = detail
        }
    }

    /// Stable: `urn:altp:problem:` and a name, such as `not-found`. Clients decide by it.
    package var type: String
    /// The same for every problem of the type.
    package var title: String
    package var status: Int
    /// What was tried, on what, and what to do.
    package var detail: String
    /// The path of the request.
    package var instance: String?
    package var errors: [FieldError]?

    package init(
        type: String, title: String, status: Int, detail: String, instance: String? = nil, errors: [FieldError]? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.errors = errors
    }

    package static let contentType = "application/problem+json"
}
