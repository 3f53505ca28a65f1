import Testing
import Wire

@testable import API

@Suite struct StreamWishTests {
    private static let parameters = RouteTable.stream[0].query

    private static func wish(
        _ text: String, header: String? = nil, visible: Set<String>? = nil
    ) throws -> StreamWish {
        let items = try #require(RequestTarget(parsing: "/x?" + text)).query
        return try StreamWish(
            try Query(items, parameters: parameters), header: header, visible: visible)
    }

    @Test func withoutAQueryEverythingIsWanted() throws {
        let wish = try Self.wish("")
        #expect(wish.filter == FeedFilter(topics: .all, tasks: nil, processings: nil))
        #expect(wish.after == nil && wish.logs == [])
    }

    @Test func readsTopicsAndFilters() throws {
        let wish = try Self.wish(
            "topic=processings&topic=log:42/calibrate%231@1024&task=a&task=b&processing=7&last_event_id=12")
        #expect(wish.filter == FeedFilter(topics: .processings, tasks: ["a", "b"], processings: [7]))
        let reference = Reference(processing: 42, script: "calibrate", attempt: 1)
        #expect(wish.logs == [.init(reference: reference, offset: 1024)])
        #expect(wish.after == 12)
        // The header is what the client has seen since it was given the address.
        #expect(try Self.wish("last_event_id=12", header: "20").after == 20)
        #expect(try Self.wish("topic=log:1/a%232").filter.topics == [])
    }

    @Test func showsNoMoreThanMayBeSeen() throws {
        let own = try Self.wish("", visible: ["own"])
        #expect(own.filter == FeedFilter(topics: [.processings, .attempts, .tasks, .progress], tasks: ["own"]))
        #expect(try Self.wish("task=other", visible: ["own"]).filter.tasks == [])
        #expect(try Self.wish("task=other&task=own", visible: ["own"]).filter.tasks == ["own"])
        for topic in ["events", "host"] {
            let problem = #expect(throws: Problem.self) { try Self.wish("topic=\(topic)", visible: ["own"]) }
            #expect(problem?.status == 403)
        }
    }

    @Test(arguments: [
        ("topic=procesings", "did you mean processings?"), ("topic=", "is unknown"), ("topic=log:42", "log: takes"),
        ("topic=log:x", "log: takes"), ("topic=log:4/a%231@-1", "number of a byte"), ("processing=0", "number"),
        ("processing=x", "number"), ("last_event_id=-1", "whole number"),
    ])
    func saysWhatIsWrong(query: String, expected: String) throws {
        let problem = #expect(throws: Problem.self) { try Self.wish(query) }
        #expect(problem?.status == 400)
        #expect(problem?.errors?.first?.detail.contains(expected) == true, "\(problem?.errors ?? [])")
    }

    @Test func anUnreadableHeaderIsToldOf() throws {
        for header in ["x", "-1", "1.5", ""] {
            #expect(throws: Problem.self) { try Self.wish("", header: header) }
        }
    }

    @Test func boundsTheLogs() throws {
        let logs = (1...17).map { "topic=log:\($0)/a%231" }
        #expect(try Self.wish(logs.dropLast().joined(separator: "&")).logs.count == 16)
        #expect(throws: Problem.self) { try Self.wish(logs.joined(separator: "&")) }
    }
}
