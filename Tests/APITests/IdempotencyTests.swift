import Store
import Testing
import Wire

@testable import API

@Suite struct IdempotencyTests {
    @Test(
        arguments: [
            ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
            ("8e03978e", "8e03978e"), ("\"a b\"", "a b"), (#""a\"b\\""#, #"a"b\"#), ("\"\"", nil), ("", nil),
            ("a b", nil),
            ("\"a", nil), ("a\"", nil), ("\"a\"b", nil), ("\"a\";p=1", nil), (#""\x""#, nil), ("\"é\"", nil),
            ("é", nil),
            ("a,b", nil), ("\"\u{7f}\"", nil), (String(repeating: "x", count: 255), String(repeating: "x", count: 255)),
            (String(repeating: "x", count: 256), nil), ("\"\(String(repeating: "x", count: 256))\"", nil),
        ] as [(String, String?)])
    func readsKeys(text: String, key: String?) { #expect(IdempotencyKey.parse(text) == key) }

    private static let answer = StoredAnswer(status: 201, headers: "[]", body: "{}")
    private static let day: Int64 = 86_400_000

    @Test(
        arguments: [
            (nil, .run),
            // Seen before.
            (RequestRecord(request: "a", at: 0, made: "{}", answer: answer), .replay(answer)),
            (RequestRecord(request: "a", at: 0, made: nil, answer: answer), .replay(answer)),
            (RequestRecord(request: "a", at: 0, made: "{}", answer: nil), .answer(made: "{}")),
            (RequestRecord(request: "a", at: 0, made: nil, answer: nil), .run),
            // Something else was asked for.
            (RequestRecord(request: "b", at: 0, made: "{}", answer: answer), .reused),
            (RequestRecord(request: "b", at: 0, made: nil, answer: nil), .reused),
            // Forgotten.
            (RequestRecord(request: "a", at: -1, made: "{}", answer: answer), .run),
            (RequestRecord(request: "b", at: -1, made: "{}", answer: answer), .run),
        ] as [(RequestRecord?, IdempotencyKey.Decision)])
    func decides(record: RequestRecord?, decision: IdempotencyKey.Decision) {
        #expect(IdempotencyKey.decide(record, request: "a", now: Self.day - 1) == decision)
    }

    @Test func everyPartOfARequestCounts() {
        let base = HTTPRequest(
            method: "POST", path: ["api", "v1", "events"], query: [.init(name: "a", value: "b")], body: [1, 2])
        var others = [HTTPRequest](repeating: base, count: 5)
        others[0].method = "PUT"
        others[1].path = ["api", "v1", "event", "s"]
        others[2].query = [.init(name: "ab", value: "")]
        others[3].body = [1]
        others[4].headers["if-match"] = "\"x\""
        let hashes = Set((others + [base]).map(IdempotencyKey.hash))
        #expect(hashes.count == 6)
        var same = base
        same.headers["user-agent"] = "x"
        #expect(IdempotencyKey.hash(of: same) == IdempotencyKey.hash(of: base))
    }

    @Test func oneOfAKeyIsUnderWayAtATime() {
        let requests = RequestsUnderWay()
        func receipt(_ caller: String, _ key: String, _ request: String = "r") -> RequestReceipt {
            RequestReceipt(caller: caller, key: key, request: request)
        }
        #expect(requests.begin(receipt("a", "1")) == .begun)
        #expect(requests.begin(receipt("a", "1")) == .isUnderWay)
        #expect(requests.begin(receipt("a", "1", "other")) == .reused)
        #expect(requests.begin(receipt("b", "1")) == .begun)
        #expect(requests.begin(receipt("a", "2")) == .begun)
        requests.end(receipt("a", "1"))
        #expect(requests.begin(receipt("a", "1", "other")) == .begun)
    }

    @Test func whatIsForOneClientAloneIsNotRepeated() {
        let refused = RouteTable.routes.filter { $0.method == .post && !$0.isReplayable }.map(\.path.description)
        #expect(refused == ["/api/v1/processings/{id}/sessions", "/api/v1/hooks/{name}"])
    }
}
