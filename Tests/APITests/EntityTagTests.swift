import Testing
import Wire

@testable import API

@Suite struct EntityTagTests {
    @Test(arguments: [
        ("*", EntityTagList.any), (" * ", .any), ("\"a\"", .tags([EntityTag(opaque: "a")])),
        ("\"\"", .tags([EntityTag(opaque: "")])), ("W/\"a\"", .tags([EntityTag(opaque: "a", isWeak: true)])),
        (
            "\"a\", W/\"b,c\" ,\"d\"",
            .tags([.init(opaque: "a"), .init(opaque: "b,c", isWeak: true), .init(opaque: "d")])
        ),
        (", \"a\",,", .tags([EntityTag(opaque: "a")])), ("\"é\"", .tags([EntityTag(opaque: "é")])),
        ("", nil), (",", nil), ("a", nil), ("\"a", nil), ("\"a\" \"b\"", nil), ("*, \"a\"", nil), ("w/\"a\"", nil),
        ("\"a b\"", nil), ("\"a\u{7f}\"", nil), ("W/", nil), ("\"a\"x", nil),
    ])
    func reads(text: String, list: EntityTagList?) { #expect(EntityTagList(text) == list) }

    @Test func weakOnesMatchNothingStrongly() {
        let (strong, weak) = (EntityTag(opaque: "a"), EntityTag(opaque: "a", isWeak: true))
        #expect(strong.matchesStrongly(strong))
        #expect(!strong.matchesStrongly(weak) && !weak.matchesStrongly(weak))
        #expect(!strong.matchesStrongly(EntityTag(opaque: "b")))
        #expect(strong.matchesWeakly(weak) && weak.description == "W/\"a\"")
    }

    private static func request(_ name: String, _ value: String?, method: String = "GET") -> HTTPRequest {
        HTTPRequest(method: method, path: [], headers: value.map { [name: $0] } ?? [:])
    }

    @Test(
        arguments: [
            (nil, nil), ("*", nil), ("\"r7-x\"", ["r7"]), ("\"r7-x\", \"r8-y\", W/\"r9-z\"", ["r7", "r8"]),
            ("\"other\"", ["other"]), ("W/\"r7-x\"", []),
        ] as [(String?, Set<String>?)])
    func expectsStates(text: String?, states: Set<String>?) throws {
        #expect(try VersionTag.expected(Self.request("if-match", text)) == states)
    }

    @Test func refusesWhatIsNoCondition() {
        #expect(throws: Problem.self) { try VersionTag.expected(Self.request("if-match", "r7")) }
    }

    @Test func theTagHasTheStateAndAllThatIsShown() {
        let (first, second) = (VersionTag.tag(state: "r7", body: [1]), VersionTag.tag(state: "r7", body: [2]))
        #expect(first != second && first == VersionTag.tag(state: "r7", body: [1]))
        #expect(first.opaque.hasPrefix("r7-"))
    }

    @Test func aKnownAnswerIsLeftOut() {
        let answer = HTTPResponse(status: 200, headers: [.init("Content-Type", "text/plain")], body: [1]).with(
            version: "r7")
        let tag = answer.header("ETag") ?? ""
        let known = answer.unlessKnown(to: Self.request("if-none-match", tag))
        #expect(known == HTTPResponse(status: 304, headers: [.init("ETag", tag)]))
        #expect(answer.unlessKnown(to: Self.request("if-none-match", "W/\(tag)")).status == 304)
        for other in ["\"r7-1\"", "nonsense", "", nil] {
            #expect(answer.unlessKnown(to: Self.request("if-none-match", other)) == answer)
        }
        #expect(answer.unlessKnown(to: Self.request("if-none-match", tag, method: "POST")) == answer)
        let untagged = HTTPResponse(status: 200, body: [1])
        #expect(untagged.unlessKnown(to: Self.request("if-none-match", "*")) == untagged)
    }
}
