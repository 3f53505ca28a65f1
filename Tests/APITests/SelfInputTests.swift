@testable import API
import Configuration
import Store
import Testing
import Wire

@Suite struct SelfInputTests {
    private static func detail(_ body: () throws(Problem) -> Void) -> String {
        do {
            try body()
            return "valid"
        } catch {
            return error.errors?.map { "\($0.field) \($0.detail)" }.joined(separator: "; ") ?? error.detail
        }
    }

    @Test(arguments: [
        (EndSelf(outcome: .success), "valid"),
        (EndSelf(outcome: .success, reason: "nothing to do"), "valid"),
        (EndSelf(outcome: .soft, reason: "provider is down"), "valid"),
        (EndSelf(outcome: .soft), "reason is missing; a failure must say why"),
        (EndSelf(outcome: .hard, reason: ""), "reason is missing; a failure must say why"),
        (EndSelf(outcome: .hard, reason: "a\nb"), "reason must be one line without control characters"),
        (EndSelf(outcome: .hard, reason: "\u{1B}[2J"), "reason must be one line without control characters"),
        (EndSelf(outcome: .hard, reason: String(repeating: "ä", count: 501)), "reason must be at most 1000 bytes long"),
    ])
    func checksAnEnding(body: EndSelf, expected: String) {
        #expect(Self.detail { () throws(Problem) in _ = try APIService.ending(body) } == expected)
    }

    @Test(arguments: [
        (0.0, "valid"), (100, "valid"), (-0.1, "percent must be from 0 to 100"),
        (100.5, "percent must be from 0 to 100"),
    ])
    func checksAPercentage(percent: Double, expected: String) {
        #expect(Self.detail { () throws(Problem) in try FieldCheck.range(percent, "percent", 0...100) } == expected)
    }
}

@Suite struct ScriptInputTests {
    private static func detail(_ body: () throws(Problem) -> Void) -> String {
        do {
            try body()
            return "valid"
        } catch {
            return error.errors?.map { "\($0.field) \($0.detail)" }.joined(separator: "; ") ?? error.detail
        }
    }

    @Test(arguments: [
        ("quality", true), ("a", true), ("0", true), ("Cloud-cover_2.5", true),
        (String(repeating: "k", count: 63), true),
        (String(repeating: "k", count: 64), false), ("", false), ("-a", false), (".a", false), ("a:b", false),
        ("a/b", false), ("a b", false), ("\u{e4}", false), ("a\n", false),
    ])
    func checksAKey(text: String, isValid: Bool) {
        let wrong =
            "key must be 1 to 63 letters, digits, dots, dashes and underscores of ASCII, and begin with a letter or digit"
        #expect(Self.detail { () throws(Problem) in try FieldCheck.key(text, "key") } == (isValid ? "valid" : wrong))
    }

    @Test(arguments: [
        (0.0, 0.0, "valid"), (600, 0, "valid"), (0.25, 0, "valid"), (-1, 0, "seconds must be from 0 to 31536000"),
        (0.5, 1, "seconds must be from 1 to 31536000"), (1e300, 0, "seconds must be from 0 to 31536000"),
    ])
    func checksATime(seconds: Double, least: Double, expected: String) {
        let found = Self.detail { () throws(Problem) in
            let time = try APIService.timespan(seconds, "seconds", atLeast: least)
            #expect(time.milliseconds == Int64(seconds * 1000))
        }
        #expect(found == expected)
    }

    private static func query(_ labels: [String]) throws(Problem) -> Query {
        try Query(
            labels.map { HTTPRequest.QueryItem(name: "label", value: $0) },
            parameters: [RouteTable.labelParameter])
    }

    @Test func readsAFilterByLabels() throws {
        let filter = try APIService.labelFilter(try Self.query(["a:1", "b:x:y", "a:2", "c:"]))
        #expect(filter.values == ["a": ["1", "2"], "b": ["x:y"], "c": [""]])
    }

    @Test(arguments: ["a", ":1", "a b:1"])
    func refusesAFilterThatIsNone(text: String) throws {
        let found = Self.detail { () throws(Problem) in _ = try APIService.labelFilter(try Self.query([text])) }
        #expect(found == "label must be a key and a value, such as quality:good")
    }

    @Test func boundsAFilter() throws {
        let many = (1...9).map { "key\($0):x" }
        let found = Self.detail { () throws(Problem) in _ = try APIService.labelFilter(try Self.query(many)) }
        #expect(found == "label may name 8 keys, and 20 values of each")
    }
}
