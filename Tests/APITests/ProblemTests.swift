import FoundationEssentials
import Testing
import Wire

@testable import API

@Suite struct ProblemTests {
    private static let all: [Problem] = [
        Problems.malformed(""), Problems.forbidden(""), Problems.notFound(""), Problems.methodNotAllowed(""),
        Problems.conflict(""), Problems.underWay, Problems.preconditionFailed(""), Problems.tooLarge(limit: 1),
        Problems.unsupportedMediaType(""), Problems.rangeNotSatisfiable(size: 1), Problems.invalid(""),
        Problems.keyReused, Problems.upgradeRequired(""), Problems.failed(""), Problems.unavailable(""),
    ]

    @Test func everyTypeIsItsOwnAndIsDocumented() throws {
        #expect(Set(Self.all.map(\.type)).count == Self.all.count)
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let text = try String(contentsOfFile: "\(folder)/docs/api-conventions.md", encoding: .utf8)
        for problem in Self.all {
            #expect(problem.type.hasPrefix(Problems.prefix))
            let name = problem.type.dropFirst(Problems.prefix.count)
            #expect(text.contains("| `\(name)` | \(problem.status) |"), "\(name)")
        }
    }
}
