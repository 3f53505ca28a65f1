@testable import API
import Testing

@Suite struct LogBudgetTests {
    @Test func writesAFewAndCountsTheRest() {
        var budget = LogBudget(lines: 2, period: .seconds(60))
        let start = ContinuousClock.Instant.now
        let seconds = [0, 1, 2, 30, 59, 60, 61, 62, 121, 122]
        let admitted = seconds.map { budget.admit(at: start + .seconds($0)) }
        #expect(admitted == [0, 0, nil, nil, nil, 3, 0, nil, 1, 0])
    }
}
