import Testing

@testable import API

@Suite struct ConnectionPaceTests {
    private static let begin = ContinuousClock.now

    private static func at(_ seconds: Int) -> ContinuousClock.Instant { begin + .seconds(seconds) }

    /// Steps at their seconds, then the first second at which it is overdue, with 20 s for requests and 60 for answers.
    @Test(
        arguments: [
            ([], 20),
            ([(19, .handling)], nil),
            ([(5, .handling), (100, .answering)], 160),
            ([(5, .handling), (100, .streaming)], nil),
            ([(5, .handling), (6, .answering), (7, .answered)], 27),
            // The answer to a request that is refused before it is whole.
            ([(5, .answering), (6, .answered)], 26),
        ] as [([(Int, ConnectionPace.Step)], Int?)])
    func whoKeepsTheServerWaitingIsOverdue(_ steps: [(Int, ConnectionPace.Step)], _ expected: Int?) {
        var pace = ConnectionPace(since: Self.begin)
        for (second, step) in steps { pace.note(step, at: Self.at(second)) }
        let last = steps.last?.0 ?? 0
        let first = (last..<1000).first { pace.isOverdue(at: Self.at($0), request: .seconds(20), answer: .seconds(60)) }
        #expect(first == expected)
    }

    @Test func withoutLimitsNobodyIs() {
        let pace = ConnectionPace(since: Self.begin)
        #expect(!pace.isOverdue(at: Self.at(100_000), request: nil, answer: nil))
    }
}
