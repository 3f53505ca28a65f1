import API
import Testing
import Wire

/// A list whose items may be asked for in part.
@Suite struct SelectiveListTests {
    private static func answer(_ type: any (Decodable & Sendable).Type) throws -> (schema: JSONTree, document: JSONTree)
    {
        let events = try #require(RouteTable.routes.first { $0.path.description == "/api/v1/events" })
        let route = Route(
            events, details: events.details,
            query: [.init("fields", .text, repeats: true, "Which fields of the items are wanted")],
            response: .json(type))
        let document = try OpenAPIDocument(routes: [route]).root
        let success = document["paths"]?["/api/v1/events"]?[route.method.rawValue.lowercased()]?["responses"]?[
            String(route.success)]
        return (try #require(success?["content"]?["application/json"]?["schema"]), document)
    }

    @Test(arguments: [true, false])
    func takesItemsWithFewerFields(isPage: Bool) throws {
        let (schema, document) = try Self.answer(isPage ? PageView<EventView>.self : [EventView].self)
        let validator = SchemaValidator(document: document)
        func problems(_ items: JSONTree) -> [String] {
            validator.problems(of: isPage ? ["items": items] : items, by: schema)
        }
        #expect(problems([["id": 1, "type": "scene"], [:]]) == [])
        #expect(problems([["id": "one"]]) != [])
        #expect(document["components"]?["schemas"]?["Event"]?["required"] != nil)
    }
}
