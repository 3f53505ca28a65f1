import Testing

@testable import API

@Suite struct AuditSummaryTests {
    @Test(
        arguments: [
            ("", nil), ("{}", nil),
            (#"{"reason": "archive is full"}"#, #"{"reason":"archive is full"}"#),
            (#"{"b": [1, 2.5, true, null], "a": {}}"#, #"{"a":{},"b":[1,2.5,true,null]}"#),
            (#"{"name": "x\r\n\u001b[2J\"\\"}"#, #"{"name":"x\u{d}\u{a}\u{1b}[2J\"\\"}"#),
            (
                #"{"access_token": "abc", "Password": ["a", 1], "x": {"api_key": "k"}}"#,
                #"{"Password":["***","***"],"access_token":"***","x":{"api_key":"***"}}"#
            ),
            (
                #"{"environment": {"HOME": "/root"}, "command": ["ls"]}"#,
                #"{"command":["ls"],"environment":{"HOME":"***"}}"#
            ),
            ("not JSON", "(8 bytes)"), ("[1", "(2 bytes)"),
        ] as [(String, String?)])
    func showsABodyInOneLine(_ body: String, _ expected: String?) {
        #expect(AuditSummary.of(Array(body.utf8)) == expected)
    }

    @Test func isShort() throws {
        let many = "{" + (0..<500).map { "\"k\($0)\": \($0)" }.joined(separator: ", ") + "}"
        #expect(try #require(AuditSummary.of(Array(many.utf8))).utf8.count < 500)
        let long = "{\"text\": \"\(String(repeating: "ä", count: 4000))\"}"
        #expect(try #require(AuditSummary.of(Array(long.utf8))).utf8.count < 500)
        let huge = "{\"text\": \"\(String(repeating: "a", count: 20_000))\"}"
        #expect(AuditSummary.of(Array(huge.utf8)) == "(\(huge.utf8.count) bytes)")
    }

    @Test func usersHaveTheirNames() async {
        let names = UserNames()
        #expect(await names.name(of: 1) == "daemon")
        #expect(await names.name(of: 4_000_000_001) == "uid-4000000001")
    }

    @Test func namesOfUsersThatCouldBeTakenForOthersAreNone() {
        for name in ["ann", "ann.b@example.org", "a-b_c", "X1"] { #expect(UserNames.isUsable(name)) }
        for name in ["root", "", "uid-7", "a b", "a:b", "ä", "a\n", String(repeating: "a", count: 65)] {
            #expect(!UserNames.isUsable(name))
        }
    }
}
