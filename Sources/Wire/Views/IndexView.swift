/// Where to begin: `GET /api/v1`
package struct IndexView: Sendable, Hashable, Codable {
    /// The Launcher's.
    package var version: String
    /// The path of the API's description (OpenAPI 3.1).
    package var openapi: String
    /// The paths of what can be listed or looked at as a whole.
    package var collections: [String]

    package init(version: String, openapi: String, collections: [String]) {
        self.version = version
        self.openapi = openapi
        self.collections = collections
    }
}
