import API
import Configuration
import Foundation
import Testing

/// The table of what a Script may do, in docs/scripts.md, against the routes.
@Suite struct ScriptRightsTests {
    /// The least control that a Script needs; nil where none suffices.
    private static func control(of route: Route) -> Control? {
        switch route.access {
        case .anyone: Control.none
        case .partner: nil
        case .role(_, let control): control
        case .script(let control): control
        }
    }

    private static func row(_ route: Route) -> String? {
        guard route.access != .anyone, let control = control(of: route), route.path.description.hasPrefix("/api/v1/")
        else { return nil }
        let path = route.path.description.replacingOccurrences(of: "/api/v1", with: "")
        return "| `\(control.rawValue)` | `\(route.method.rawValue) \(path)` | \(route.summary) |"
    }

    /// In the order of the levels, and in each of the routes.
    private static let expected: [String] = Control.allCases.flatMap { level in
        RouteTable.routes.filter { control(of: $0) == level }.compactMap(row)
    }

    @Test func theTableIsThatOfTheRoutes() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/scripts.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let written = text.split(separator: "\n").map(String.init).filter { line in
            Control.allCases.contains { line.hasPrefix("| `\($0.rawValue)` | `") }
        }
        #expect(written == Self.expected, "the table must be\n\(Self.expected.joined(separator: "\n"))")
    }

    @Test func eachLevelAddsSomething() {
        for level in Control.allCases.dropFirst() {
            #expect(RouteTable.routes.contains { Self.control(of: $0) == level })
        }
        for route in RouteTable.routes where Self.control(of: route) == Control.none {
            #expect(route.access == .anyone)
        }
    }
}
