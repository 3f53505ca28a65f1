/// The status, headers and body of an answer.
package struct HTTPResponse: Hashable, Sendable {
    package struct Header: Hashable, Sendable {
        /// In lower case.
        package var name: String
        package var value: String
    }

    package var status: Int
    /// In the order they came.
    package var headers: [Header]
    package var body: [UInt8]

    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why bytes are no HTTP/1.1 answer.
package struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
