import Configuration
import Launcher
import Store
import Testing

/// What a Script's wishes do to the chain: to be run again, and to leave out the rest.
struct ChainWishTests {
    private static func script(_ name: String, again: Int? = nil) -> ScriptDefinition {
        var retry = Retry()
        retry.limit = 1
        retry.delay = Timespan(seconds: 10)
        retry.again = again
        return ScriptDefinition(name: name, run: .shell("true"), policy: Policy(name: "p"), retry: retry)
    }

    private static let scripts = [script("load"), script("rgb")]

    private func attempt(_ script: String, _ number: Int) -> Chain.Attempt {
        Chain.Attempt(script: script, number: number)
    }

    private func ended(
        _ script: String, _ number: Int, _ kind: OutcomeKind, at: Int64 = 1000, _ wish: Chain.Wish? = nil
    ) -> Chain.Event {
        .ended(attempt(script, number), kind, reason: "it was so", at: at, wish: wish)
    }

    private func finish(_ status: ProcessingStatus, _ outcome: OutcomeKind, _ script: String, _ reason: String)
        -> [Chain.Action]
    {
        [.finish(Chain.Ending(status: status, outcome: outcome, script: script, reason: reason))]
    }

    private static let again = Chain.Wish.again(dueAt: 600_000)
    private static let skip = Chain.Wish.skipRest(reason: "all clouds")

    /// Every outcome of the first Script, with either wish.
    @Test(arguments: OutcomeKind.allCases, [again, skip])
    func whatTheEndGrants(kind: OutcomeKind, wish: Chain.Wish) throws {
        var chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        let actions = try chain.handle(ended("load", 1, kind, wish))
        switch (wish, kind) {
        case (.again, .success), (.again, .soft):
            #expect(actions == [.waitUntil(600_000, attempt("load", 2))])
            #expect(chain.status == .running)
        case (.skipRest, .success):
            #expect(
                actions == finish(.success, .success, "load", "load left out the Scripts after it: all clouds"))
        case (.skipRest, .soft): #expect(actions == [.waitUntil(11_000, attempt("load", 2))])
        case (_, .cancelled): #expect(actions == finish(.cancelled, .cancelled, "load", "it was so"))
        default: #expect(actions == finish(.failed, kind, "load", "it was so"))
        }
    }

    @Test func againDoesNotCountAsARetry() throws {
        var chain = Chain(scripts: Self.scripts)
        for number in 1...5 {
            _ = try chain.handle(.started(attempt("load", number)))
            _ = try chain.handle(ended("load", number, number % 2 == 0 ? .soft : .success, Self.again))
            _ = try chain.handle(.retryDue(attempt("load", number + 1)))
        }
        _ = try chain.handle(.started(attempt("load", 6)))
        // The first that counts, and its delay is the first one's.
        #expect(try chain.handle(ended("load", 6, .soft)) == [.waitUntil(11_000, attempt("load", 7))])
        _ = try chain.handle(.retryDue(attempt("load", 7)))
        _ = try chain.handle(.started(attempt("load", 7)))
        #expect(
            try chain.handle(ended("load", 7, .soft))
                == finish(.failed, .soft, "load", "it was so (after 2 attempts, retry limit 1)"))
    }

    @Test(arguments: [0, 1, 3])
    func itsNumberIsBounded(most: Int) throws {
        var chain = Chain(scripts: [Self.script("load", again: most), Self.script("rgb")])
        for number in 1...(most + 1) {
            #expect(chain.position?.agains == number - 1)
            _ = try chain.handle(.started(attempt("load", number)))
            let actions = try chain.handle(ended("load", number, .success, Self.again))
            if number <= most {
                #expect(actions == [.waitUntil(600_000, attempt("load", number + 1))])
                _ = try chain.handle(.retryDue(attempt("load", number + 1)))
            } else {
                #expect(actions == [.requestAdmission(attempt("rgb", 1))])
            }
        }
        // The next Script has its own.
        #expect(chain.position?.agains == 0)
    }

    @Test func theLastScriptHasNoRestToLeaveOut() throws {
        var chain = Chain(scripts: [Self.script("load")])
        _ = try chain.handle(.started(attempt("load", 1)))
        #expect(
            try chain.handle(ended("load", 1, .success, Self.skip))
                == finish(.success, .success, "load", "every Script succeeded"))
    }

    @Test func aCancellationOutranksAWish() throws {
        for wish in [Self.again, Self.skip] {
            var chain = Chain(scripts: Self.scripts)
            _ = try chain.handle(.started(attempt("load", 1)))
            _ = try chain.handle(.cancelled(by: "cli:root"))
            #expect(
                try chain.handle(ended("load", 1, .success, wish))
                    == finish(
                        .cancelled, .cancelled, "load",
                        "cancelled by cli:root; load#1 had ended as success by itself"))
        }
    }

    @Test func whatWaitsToRunAgainCanBeCancelledAndSkipped() throws {
        var chain = Chain(scripts: Self.scripts)
        _ = try chain.handle(.started(attempt("load", 1)))
        _ = try chain.handle(ended("load", 1, .success, Self.again))
        var other = chain
        #expect(
            try chain.handle(.cancelled(by: "cli:root"))
                == finish(.cancelled, .cancelled, "load", "cancelled by cli:root"))
        #expect(
            try other.handle(.skipped(script: "load", by: "cli:root")) == [.requestAdmission(attempt("rgb", 1))])
    }

    /// After every event, the chain rebuilt from what would be stored then is the chain itself.
    @Test func rebuiltFromItsRows() throws {
        let scripts = [Self.script("load", again: 3), Self.script("rgb")]
        var chain = Chain(scripts: scripts)
        var past: [Chain.PastAttempt] = []
        var record = ProcessingRecord(
            id: 7, task: "t", definition: "d", scripts: nil, event: nil, params: "{}", priority: 0, status: .waiting,
            createdAt: 0)
        let events: [Chain.Event] = [
            .started(attempt("load", 1)), ended("load", 1, .success, at: 5, Self.again),
            .started(attempt("load", 2)), ended("load", 2, .soft, at: 6, Self.again),
            .started(attempt("load", 3)), ended("load", 3, .soft, at: 7),
            .started(attempt("load", 4)), ended("load", 4, .success, at: 8, Self.again),
            // One more than it may: it goes on.
            .started(attempt("load", 5)), ended("load", 5, .success, at: 9, Self.again),
            .started(attempt("rgb", 1)), ended("rgb", 1, .hard, at: 10, Self.again),
            .rerun(from: nil), .started(attempt("load", 6)), ended("load", 6, .success, at: 11, Self.again),
            .started(attempt("load", 7)), ended("load", 7, .success, at: 12, Self.skip),
        ]
        for event in events {
            if case .backingOff(let position, _) = chain.state {
                _ = try chain.handle(.retryDue(position.attempt))
            }
            _ = try chain.handle(event)
            switch event {
            case .started(let attempt): past.append(Chain.PastAttempt(attempt, run: chain.run, phase: .underWay))
            case .ended(let attempt, let kind, let reason, let at, let wish):
                let index = try #require(past.lastIndex { $0.attempt == attempt })
                past[index].phase = .ended(kind, reason: reason, at: at, wish: wish)
            default: break
            }
            record.status = chain.status
            record.script = chain.script
            if case .ended(let ending) = chain.state {
                record.outcome = ending.outcome.rawValue
                record.reason = ending.reason
            }
            let rebuilt = try Chain(scripts: scripts, processing: record, run: chain.run, attempts: past.reversed())
            #expect(rebuilt == chain, "after \(event)")
        }
        #expect(chain.status == .success)
    }

    @Test func aWishMovesWithTheClock() {
        func past(_ wish: Chain.Wish?) -> Chain.PastAttempt {
            Chain.PastAttempt(attempt("load", 1), run: 1, phase: .ended(.success, reason: "", at: 9, wish: wish))
        }
        #expect(past(.again(dueAt: 600)).moved(by: -100) == past(.again(dueAt: 500)))
        #expect(past(Self.skip).moved(by: -100) == past(Self.skip))
        #expect(past(nil).moved(by: -100) == past(nil))
    }

    @Test func readsAWishFromItsRow() throws {
        var row = AttemptRecord(
            processing: 7, script: "load", number: 1, state: .ended, outcome: "success", startedAt: 0, endedAt: 9)
        func wish() throws -> Chain.Wish? {
            guard case .ended(_, _, _, let wish) = try Chain.PastAttempt(row, run: 1, reason: "").phase else {
                return nil
            }
            return wish
        }
        #expect(try wish() == nil)
        row.wishes = #"{"againAt":600000,"reason":"not yet"}"#
        #expect(try wish() == Self.again)
        row.wishes = #"{"skipsRest":true,"reason":"all clouds","wallTime":90000}"#
        #expect(try wish() == Self.skip)
        // More time is no wish that the end decides on.
        row.wishes = #"{"wallTime":90000}"#
        #expect(try wish() == nil)
    }
}
