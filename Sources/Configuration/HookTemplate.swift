/// A text that is filled in from what a partner posts: `scene-${body.scene.id:-none}`.
package struct HookTemplate: Sendable, Hashable, Codable {
    package enum Source: Sendable, Hashable, Codable {
        /// The way from the body's root: names of members and places of items.
        case body([String])
        /// By lower-case name.
        case header(String)

        package var description: String {
            switch self {
            case .body(let path): (["body"] + path).joined(separator: ".")
            case .header(let name): "header.\(name)"
            }
        }
    }

    package enum Fallback: Sendable, Hashable, Codable {
        /// The post is refused.
        case none
        case text(String)
        /// The parameter is left out.
        case absent
    }

    package enum Part: Sendable, Hashable, Codable {
        case text(String)
        case value(Source, Fallback)
    }

    package var parts: [Part]

    /// Why a template cannot be read.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package var description: String

        init(_ description: String) { self.description = description }
    }

    /// Reads a template: `${body.PATH}`, `${header.NAME}`, each with `:-DEFAULT` for what is used where it is missing, or
    /// `?` for leaving out what is made of it; `$$` is a dollar.
    package init(parsing text: String) throws(Problem) {
        parts = []
        var plain = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "$" else {
                plain.append(character)
                continue
            }
            switch rest.first {
            case "$":
                rest.removeFirst()
                plain.append("$")
            case "{":
                rest.removeFirst()
                guard let end = rest.firstIndex(of: "}") else { throw Problem("${ has no }") }
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(try Self.value(rest[..<end]))
                rest = rest[rest.index(after: end)...]
            default: throw Problem("a dollar is written $$, and a value ${body.NAME}")
            }
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        if parts.count > 1, parts.contains(where: { if case .value(_, .absent) = $0 { true } else { false } }) {
            throw Problem("${…?} leaves out the whole parameter, so nothing else may stand beside it")
        }
    }

    private static func value(_ text: Substring) throws(Problem) -> Part {
        var fallback = Fallback.none
        var name = text
        if let range = text.firstRange(of: ":-") {
            name = text[..<range.lowerBound]
            fallback = .text(String(text[range.upperBound...]))
        } else if text.hasSuffix("?") {
            name = text.dropLast()
            fallback = .absent
        }
        let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.count <= mostSteps, path.allSatisfy({ !$0.isEmpty }) else {
            throw Problem("${\(name)}: expected names joined by dots, at most \(mostSteps)")
        }
        switch path[0] {
        case "body": return .value(.body(Array(path.dropFirst())), fallback)
        case "header" where path.count == 2 && isHeader(path[1]): return .value(.header(path[1].lowercased()), fallback)
        case "header": throw Problem("${\(name)}: expected the name of one header, such as ${header.X-GitHub-Delivery}")
        default: throw Problem("${\(name)}: expected ${body.NAME} or ${header.NAME}")
        }
    }

    private static let mostSteps = 32

    /// A token of RFC 9110.
    private static func isHeader(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == UInt8(ascii: "-")
        }
    }

    /// Whether it may come to nothing.
    var mayBeAbsent: Bool {
        if case .value(_, .absent) = parts.first { true } else { false }
    }
}
