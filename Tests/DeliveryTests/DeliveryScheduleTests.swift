import Testing

@testable import Delivery

@Suite struct DeliveryScheduleTests {
    private static let hour: Int64 = 3_600_000

    struct Case {
        var result: DeliverySchedule.Result = .failed(notBefore: nil)
        var tries = 1
        var now: Int64 = 1000
        var jitter = 0.5
        var patience: Int64 = 24 * 3_600_000
        var expected: DeliverySchedule.Next
    }

    @Test(arguments: [
        Case(result: .delivered, expected: .done),
        Case(result: .refused, expected: .givenUp),
        Case(tries: 1, expected: .again(at: 6000)),
        Case(tries: 2, expected: .again(at: 16_000)),
        Case(tries: 3, expected: .again(at: 46_000)),
        Case(tries: 7, expected: .again(at: 3_601_000)),
        Case(tries: 1_000_000, expected: .again(at: 3_601_000)),
        Case(tries: 0, expected: .again(at: 6000)),
        // A fifth less, a fifth more.
        Case(tries: 1, jitter: 0, expected: .again(at: 5000)),
        Case(tries: 1, jitter: 1, expected: .again(at: 7000)),
        Case(tries: 1, jitter: 9, expected: .again(at: 7000)),
        // The receiver asks for time, within reason.
        Case(result: .failed(notBefore: 60_000), tries: 1, expected: .again(at: 61_000)),
        Case(result: .failed(notBefore: 1), tries: 1, expected: .again(at: 6000)),
        Case(result: .failed(notBefore: .max), tries: 1, expected: .again(at: 3_601_000)),
        // One last try at the end of the time, and none after it.
        Case(tries: 5, now: 10_000, patience: 20_000, expected: .again(at: 20_000)),
        Case(tries: 5, now: 20_000, patience: 20_000, expected: .givenUp),
        Case(tries: 1, now: 1000, patience: 0, expected: .givenUp),
    ])
    func decidesWhatComesNext(test: Case) {
        let next = DeliverySchedule(patience: test.patience).next(
            after: test.result, tries: test.tries, begun: 0, now: test.now, jitter: test.jitter)
        #expect(next == test.expected)
    }

    @Test func triesForADay() {
        var now: Int64 = 0
        var tries = 0
        while true {
            tries += 1
            guard
                case .again(let at) = DeliverySchedule(patience: 24 * Self.hour).next(
                    after: .failed(notBefore: nil), tries: tries, begun: 0, now: now, jitter: 0.5)
            else { break }
            #expect(at > now)
            now = at
        }
        #expect(now == 24 * Self.hour)
        #expect((25...40).contains(tries), "\(tries)")
    }
}
