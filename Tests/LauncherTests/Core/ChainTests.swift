import Configuration
import Launcher
import Store
import Testing

struct ChainTests {
    private static func script(_ name: String, limit: Int = 1, on: Set<OutcomeKind> = [.soft]) -> ScriptDefinition {
        var retry = Retry()
        retry.limit = limit
        retry.delay = Timespan(seconds: 10)
        retry.on = on
        return ScriptDefinition(name: name, run: .shell("true"), policy: Policy(name: "p"), retry: retry)
    }

    private static let scripts = [script("load"), script("calibrate", limit: 0)]

    private func attempt(_ script: String, _ number: Int) -> Chain.Attempt {
        Chain.Attempt(script: script, number: number)
    }
    private func ended(_ script: String, _ number: Int, _ kind: OutcomeKind, at: Int64 = 0) -> Chain.Event {
        .ended(attempt(script, number), kind, reason: "it was so", at: at)
    }
    private func finish(_ status: ProcessingStatus, _ outcome: OutcomeKind, _ script: String, _ reason: String)
        -> Chain.Action
    {
        .finish(Chain.Ending(status: status, outcome: outcome, script: script, reason: reason))
    }

    @Test func runsToTheEnd() throws {
        var chain = Chain(scripts: Self.scripts)
        #expect(chain.opening == [.requestAdmission(attempt("load", 1))])
        #expect(chain.status == .waiting)
        #expect(try chain.handle(.started(attempt("load", 1))) == [])
        #expect(chain.status == .running)
        #expect(try chain.handle(ended("load", 1, .success)) == [.requestAdmission(attempt("calibrate", 1))])
        #expect(try chain.handle(.started(attempt("calibrate", 1))) == [])
        #expect(
            try chain.handle(ended("calibrate", 1, .success)) == [
                finish(.success, .success, "calibrate", "every Script succeeded")
            ])
        #expect(chain.status == .success && chain.script == "calibrate")
    }

    @Test func retriesThenFails() throws {
        var chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        #expect(try chain.handle(ended("load", 1, .soft, at: 1000)) == [.waitUntil(11_000, attempt("load", 2))])
        #expect(chain.status == .running)
        #expect(try chain.handle(.retryDue(attempt("load", 2))) == [.requestAdmission(attempt("load", 2))])
        // A timer that fires twice changes nothing.
        #expect(try chain.handle(.retryDue(attempt("load", 2))) == [])
        _ = try chain.handle(.started(attempt("load", 2)))
        #expect(
            try chain.handle(ended("load", 2, .soft)) == [
                finish(.failed, .soft, "load", "it was so (after 2 attempts, retry limit 1)")
            ])
    }

    @Test(arguments: OutcomeKind.allCases)
    func onlyWhatTheRuleNamesIsRetried(kind: OutcomeKind) throws {
        for listed in [false, true] {
            let on: Set<OutcomeKind> = listed ? [kind] : Set(OutcomeKind.allCases).subtracting([kind])
            var chain = Chain(scripts: [Self.script("a", on: on)])
            _ = try chain.handle(.started(attempt("a", 1)))
            let expected: Chain.Action =
                switch kind {
                case .success: finish(.success, .success, "a", "every Script succeeded")
                case .cancelled: finish(.cancelled, .cancelled, "a", "it was so")
                default: listed ? .waitUntil(10_000, attempt("a", 2)) : finish(.failed, kind, "a", "it was so")
                }
            #expect(try chain.handle(ended("a", 1, kind)) == [expected])
        }
    }

    @Test func rerunGivesAFreshBudgetAndGrowingNumbers() throws {
        var chain = Chain(scripts: Self.scripts)
        for number in 1...2 {
            _ = try chain.handle(.started(attempt("load", number)))
            _ = try chain.handle(ended("load", number, .soft))
            _ = try chain.handle(.retryDue(attempt("load", number + 1)))
        }
        #expect(chain.status == .failed)
        #expect(try chain.handle(.rerun(from: nil)) == [.requestAdmission(attempt("load", 3))])
        #expect(chain.run == 2 && chain.status == .waiting)
        _ = try chain.handle(.started(attempt("load", 3)))
        #expect(try chain.handle(ended("load", 3, .soft)) == [.waitUntil(10_000, attempt("load", 4))])
        _ = try chain.handle(.cancelled(by: "cli:root"))
        #expect(try chain.handle(.rerun(from: "calibrate")) == [.requestAdmission(attempt("calibrate", 1))])
        #expect(throws: Chain.Refusal.self) { try chain.handle(.rerun(from: nil)) }
    }

    @Test func cancelInEveryState() throws {
        let reason = "cancelled by cli:root"
        let cancel = Chain.Event.cancelled(by: "cli:root")
        var chain = Chain(scripts: Self.scripts)
        #expect(
            try chain.handle(cancel) == [
                .withdrawRequest(attempt("load", 1)), finish(.cancelled, .cancelled, "load", reason),
            ])
        #expect(throws: Chain.Refusal.self) { try chain.handle(cancel) }

        chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        var ownEnd = chain
        var lastStep = chain
        #expect(try chain.handle(cancel) == [.endAttempt(attempt("load", 1))])
        #expect(try chain.handle(cancel) == [])
        #expect(try chain.handle(ended("load", 1, .cancelled)) == [finish(.cancelled, .cancelled, "load", reason)])

        _ = try ownEnd.handle(cancel)
        #expect(
            try ownEnd.handle(ended("load", 1, .success)) == [
                finish(.cancelled, .cancelled, "load", reason + "; load#1 had ended as success by itself")
            ])

        _ = try lastStep.handle(ended("load", 1, .success))
        _ = try lastStep.handle(.started(attempt("calibrate", 1)))
        _ = try lastStep.handle(cancel)
        // Everything was done before the request arrived: that is what the history says.
        #expect(
            try lastStep.handle(ended("calibrate", 1, .success)) == [
                finish(.success, .success, "calibrate", "every Script succeeded")
            ])

        var waiting = Chain(scripts: Self.scripts)
        _ = try waiting.handle(.started(attempt("load", 1)))
        _ = try waiting.handle(ended("load", 1, .soft))
        #expect(try waiting.handle(cancel) == [finish(.cancelled, .cancelled, "load", reason)])
        #expect(try waiting.handle(.retryDue(attempt("load", 2))) == [])
    }

    @Test func refusesWhatDoesNotFit() throws {
        var chain = Chain(scripts: Self.scripts)
        let before = chain
        for event in [
            ended("load", 1, .success), .started(attempt("load", 2)), .started(attempt("x", 1)),
            .neverStarted(attempt("load", 1)), .rerun(from: nil),
        ] {
            #expect(throws: Chain.Refusal.self) { try chain.handle(event) }
            #expect(chain == before)
        }
    }

    @Test func neverStartedKeepsItsNumber() throws {
        var chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        #expect(try chain.handle(.neverStarted(attempt("load", 1))) == [.requestAdmission(attempt("load", 1))])
        #expect(try chain.handle(.started(attempt("load", 1))) == [])
    }

    /// After every event of a long course, the chain rebuilt from what would be stored then is the chain itself.
    @Test func rebuiltFromItsRows() throws {
        var chain = Chain(scripts: Self.scripts)
        var past: [Chain.PastAttempt] = []
        var record = ProcessingRecord(
            id: 7, task: "t", definition: "d", scripts: nil, event: nil, params: "{}", priority: 0, status: .waiting,
            createdAt: 0)
        let events: [Chain.Event] = [
            .started(attempt("load", 1)), ended("load", 1, .soft, at: 5), .retryDue(attempt("load", 2)),
            .started(attempt("load", 2)), ended("load", 2, .success, at: 9), .started(attempt("calibrate", 1)),
            ended("calibrate", 1, .hard, at: 20), .rerun(from: "calibrate"), .started(attempt("calibrate", 2)),
            ended("calibrate", 2, .oom, at: 30), .rerun(from: nil), .started(attempt("load", 3)),
            ended("load", 3, .soft, at: 40),
        ]
        for event in events {
            _ = try chain.handle(event)
            switch event {
            case .started(let attempt): past.append(Chain.PastAttempt(attempt, run: chain.run, phase: .underWay))
            case .ended(let attempt, let kind, let reason, let at, _):
                let index = try #require(past.lastIndex { $0.attempt == attempt })
                past[index].phase = .ended(kind, reason: reason, at: at)
            default: break
            }
            record.status = chain.status
            record.script = chain.script
            if case .ended(let ending) = chain.state {
                record.outcome = ending.outcome.rawValue
                record.reason = ending.reason
            }
            let rebuilt = try Chain(
                scripts: Self.scripts, processing: record, run: chain.run, attempts: past.reversed())
            if case .retryDue = event {
                // That the time had come is not stored: the wait ends at once.
                #expect(rebuilt.opening == [.waitUntil(10_005, attempt("load", 2))])
            } else {
                #expect(rebuilt == chain, "after \(event)")
            }
        }
    }

    /// A cancellation that was acknowledged holds, whatever becomes of the attempt meanwhile.
    @Test func rebuiltWhileItIsCancelled() throws {
        let record = ProcessingRecord(
            id: 7, task: "t", definition: "d", scripts: nil, event: nil, params: "{}", priority: 0, status: .running,
            script: "load", createdAt: 0)
        let row = AttemptRecord(
            processing: 7, script: "load", number: 1, state: .running,
            ending: #"{"kind":"cancelled","reason":"cancelled by cli:root"}"#, startedAt: 0)
        let past = try Chain.PastAttempt(row, run: 1, reason: "")
        var chain = try Chain(scripts: Self.scripts, processing: record, run: 1, attempts: [past])
        #expect(chain.opening == [.endAttempt(attempt("load", 1))])
        var sameChain = chain
        #expect(
            try chain.handle(ended("load", 1, .success)) == [
                finish(
                    .cancelled, .cancelled, "load",
                    "cancelled by cli:root; load#1 had ended as success by itself")
            ])
        #expect(
            try sameChain.handle(.neverStarted(attempt("load", 1))) == [
                finish(.cancelled, .cancelled, "load", "cancelled by cli:root")
            ])
        // What a Script asked for itself is no cancellation.
        var own = row
        own.ending = #"{"kind":"soft","reason":"later"}"#
        #expect(try Chain.PastAttempt(own, run: 1, reason: "").phase == .underWay)
    }

    /// A crash between an attempt's end and its Processing's row: the attempt decides.
    @Test func rebuiltFromAnOldRow() throws {
        let record = ProcessingRecord(
            id: 7, task: "t", definition: "d", scripts: nil, event: nil, params: "{}", priority: 0, status: .running,
            script: "load", createdAt: 0)
        let row = AttemptRecord(
            processing: 7, script: "load", number: 1, state: .ended, outcome: "success", startedAt: 0, endedAt: 9)
        let past = try Chain.PastAttempt(row, run: 1, reason: "")
        let chain = try Chain(scripts: Self.scripts, processing: record, run: 1, attempts: [past])
        #expect(chain.opening == [.requestAdmission(attempt("calibrate", 1))])
        #expect(throws: Chain.Refusal.self) {
            try Chain(scripts: [Self.script("other")], processing: record, run: 1, attempts: [past])
        }
        var broken = row
        broken.outcome = "odd"
        #expect(throws: Chain.Refusal.self) { try Chain.PastAttempt(broken, run: 1, reason: "") }
    }

    @Test(
        arguments: [
            (1, 0), (2, 30_000), (3, 60_000), (4, 120_000), (6, 480_000), (7, 600_000), (100, 600_000), (.max, 600_000),
        ] as [(Int, Int64)])
    func backoff(attempt: Int, milliseconds: Int64) {
        #expect(Retry().delay(beforeAttempt: attempt).milliseconds == milliseconds)
    }

    @Test(
        arguments: [
            (30, 1, 600, 50, 30_000), (30, 2, 10, 2, 10_000), (0, 2, 10, 9, 0), (4, 0.5, 10, 4, 1000),
            (1, .infinity, 10, 3, 10_000), (Int64.max / 1000, 10, Int64.max / 1000, 9, Int64.max / 1000 * 1000),
        ] as [(Int64, Double, Int64, Int, Int64)])
    func backoffBounds(delay: Int64, backoff: Double, ceiling: Int64, attempt: Int, milliseconds: Int64) {
        var retry = Retry()
        retry.delay = Timespan(seconds: delay)
        retry.backoff = backoff
        retry.maxDelay = Timespan(seconds: ceiling)
        #expect(retry.delay(beforeAttempt: attempt).milliseconds == milliseconds)
    }

    // MARK: Skipping

    @Test func aFailedScriptIsSkipped() throws {
        var chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        _ = try chain.handle(ended("load", 1, .hard))
        #expect(chain.status == .failed)
        #expect(throws: Chain.Refusal.self) { try chain.handle(.skipped(script: "calibrate", by: "cli:root")) }
        #expect(throws: Chain.Refusal.self) { try chain.handle(.skipped(script: "none", by: "cli:root")) }
        #expect(
            try chain.handle(.skipped(script: "load", by: "cli:root")) == [.requestAdmission(attempt("calibrate", 1))])
        #expect(chain.status != .failed && chain.script == "calibrate")
        _ = try chain.handle(.started(attempt("calibrate", 1)))
        // What runs is not skipped.
        #expect(throws: Chain.Refusal.self) { try chain.handle(.skipped(script: "calibrate", by: "cli:root")) }
        _ = try chain.handle(ended("calibrate", 1, .hard))
        #expect(
            try chain.handle(.skipped(script: "calibrate", by: "cli:root")) == [
                finish(.success, .success, "calibrate", "calibrate was skipped by cli:root")
            ])
        #expect(throws: Chain.Refusal.self) { try chain.handle(.skipped(script: "calibrate", by: "cli:root")) }
    }

    @Test func aScriptThatWaitsIsSkipped() throws {
        var chain = Chain(scripts: Self.scripts)
        #expect(
            try chain.handle(.skipped(script: "load", by: "cli:root")) == [
                .withdrawRequest(attempt("load", 1)), .requestAdmission(attempt("calibrate", 1)),
            ])
    }

    @Test func aScriptWhoseRetryIsDueIsSkipped() throws {
        var chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        _ = try chain.handle(ended("load", 1, .soft, at: 1000))
        #expect(
            try chain.handle(.skipped(script: "load", by: "cli:root")) == [.requestAdmission(attempt("calibrate", 1))])
        // The timer that was set comes to nothing.
        #expect(try chain.handle(.retryDue(attempt("load", 2))) == [])
    }
}
