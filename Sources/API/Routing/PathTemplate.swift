/// A path with named parts, `/api/v1/tasks/{name}/pause`.
package struct PathTemplate: Sendable, Hashable, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter(String)
    }

    let segments: [Segment]
    package let description: String

    init(_ text: String) {
        description = text
        segments = text.split(separator: "/").map { part in
            part.first == "{" && part.last == "}"
                ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    /// The parameters by name when the path is of this form, else nil. Both have their segments decoded.
    package func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var captures: [String: String] = [:]
        // All paths begin alike, so from the end.
        for index in segments.indices.reversed() {
            switch segments[index] {
            case .literal(let text): guard text == path[index] else { return nil }
            case .parameter(let name):
                guard !path[index].isEmpty else { return nil }
                captures[name] = path[index]
            }
        }
        return captures
    }
}
