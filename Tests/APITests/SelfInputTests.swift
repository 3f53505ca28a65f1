@testable import API
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
