import Testing

@testable import API

@Suite struct AuditSummaryTests {
    @Test(
        arguments: [
            ("", nil), ("{}", nil),
            (#"{"reason": "archive is full"}"#, #"{"reason":"archive is full"}"#),
            (#"{"b": [1, 2.5e-3, true, null], "a" : {}}"#, #"{"b":[1,2.5e-3,true,null],"a":{}}"#),
            (#"{"name": "x\r\n\u001b[2J\"\\"}"#, #"{"name":"x\r\n\u001b[2J\"\\"}"#),
            ("{\"name\": \"x\u{1b}[2J\n\"}", #"{"name":"x\u001b[2J\u000a"}"#),
            (
                #"{"access_token": "abc", "Password": ["a", 1, {"b": {}}], "x": {"api_key": 7}, "y": "z"}"#,
                #"{"access_token":"***","Password":["***","***",{"b":{}}],"x":{"api_key":"***"},"y":"z"}"#
            ),
            (
                #"{"environment": {"HOME": "/root", "X": "y"}, "command": ["ls", "token"]}"#,
                #"{"environment":{"HOME":"***","X":"***"},"command":["ls","token"]}"#
            ),
            (#"{"token": "a\"b", "c": 1}"#, #"{"token":"***","c":1}"#),
            (#"{"secret": null, "tasks": ["secret"]}"#, #"{"secret":"***","tasks":["secret"]}"#),
            ("not JSON", "(8 bytes)"), ("[1", "(2 bytes)"), ("{\"a", "(3 bytes)"), ("{\"a\\", "(4 bytes)"),
            ("]", "(1 bytes)"), ("{]", "(2 bytes)"), ("{1}", "(3 bytes)"), ("\u{0}", "(1 bytes)"),
            (String(repeating: "[", count: 20), "(20 bytes)"),
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
        let text = try #require(AuditSummary.of(Array(huge.utf8)))
        #expect(text.utf8.count < 500 && text.hasSuffix("(\(huge.utf8.count) bytes)"))
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
