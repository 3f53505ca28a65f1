import API
import Testing

@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/", [""], [] as [HTTPRequest.QueryItem]),
        ("/api/v1/host", ["api", "v1", "host"], []),
        ("/tasks/a%2Fb", ["tasks", "a/b"], []),
        ("/tasks/%C3%A4", ["tasks", "ä"], []),
        ("/a//b/", ["a", "", "b", ""], []),
        ("/a?", ["a"], []),
        (
            "/a?x=1&x=2&&y", ["a"],
            [.init(name: "x", value: "1"), .init(name: "x", value: "2"), .init(name: "y", value: "")]
        ),
        ("/a?t=a+b%2Bc%3D=d", ["a"], [.init(name: "t", value: "a b+c==d")]),
        ("/a+b?q=/?", ["a+b"], [.init(name: "q", value: "/?")]),
    ])
    func reads(text: String, path: [String], query: [HTTPRequest.QueryItem]) throws {
        let target = try #require(RequestTarget(parsing: text))
        #expect(target.path == path)
        #expect(target.query == query)
    }

    @Test(arguments: [
        "", "*", "host", "http://localhost/api", "/%", "/%4", "/%zz", "/%00", "/%ff", "/a?x=%", "/a?%ff=1", "/%+1",
    ])
    func refuses(text: String) {
        #expect(RequestTarget(parsing: text) == nil)
    }
}
