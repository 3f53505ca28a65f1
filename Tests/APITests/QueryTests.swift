import API
import Testing
import Wire

@Suite struct QueryTests {
    private static let parameters: [Route.QueryParameter] = {
        RouteTable.routes.first { $0.path.description == "/api/v1/processings" }!.query
    }()

    private static func errors(_ text: String) throws -> [String] {
        let items = try #require(RequestTarget(parsing: "/x?" + text)).query
        do {
            _ = try Query(items, parameters: parameters)
            return []
        } catch {
            #expect(error.status == 400)
            return error.errors?.map { "\($0.field) \($0.detail)" } ?? []
        }
    }

    @Test(arguments: [
        ("", [] as [String]),
        ("status=failed&status=running&task=a&limit=5", []),
        ("limit=1&limit=2", ["limit is given more than once"]),
        ("stauts=failed", ["stauts is unknown; did you mean status?"]),
        (
            "x=1&tsak=2",
            [
                "x is unknown; there are status, outcome, task, script, event, cause, label, since, until, ended_since, "
                    + "ended_until, sort, fields, limit, cursor",
                "tsak is unknown; did you mean task?",
            ]
        ),
    ])
    func checksNames(text: String, expected: [String]) throws {
        #expect(try Self.errors(text) == expected)
    }

    @Test(arguments: ["0", "501", "-1", "1.5", "x", "", "99999999999999999999", "1 "])
    func checksNumbers(text: String) throws {
        let query = try Query([.init(name: "limit", value: text)], parameters: Self.parameters)
        #expect(throws: Problem.self) { try query.integer("limit", in: 1...500, default: 50) }
    }
}
