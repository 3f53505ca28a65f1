package import Configuration
package import Store

/// The course of one Processing: which Script is at work, which attempt, and what follows. Pure: an event goes in,
/// actions come out, the Launcher performs them.
///
/// A *run* is one pass over the chain, numbered from 1; a rerun begins the next. Attempt numbers of a Script grow over
/// all runs; retries are counted within the run.
package struct Chain: Sendable, Equatable {
    /// An attempt of one of the chain's Scripts, named.
    package struct Attempt: Sendable, Hashable {
        package var script: String
        /// From 1, over all runs.
        package var number: Int

        package init(script: String, number: Int) {
            self.script = script
            self.number = number
        }
    }

    package enum State: Sendable, Equatable {
        /// Admission was requested and has not been given.
        case queued(Position)
        /// From the moment that the attempt is recorded as starting.
        case running(Position)
        /// The running attempt was asked to end because the Processing was cancelled.
        case cancelling(Position, reason: String)
        /// A failed attempt's successor waits for its time.
        case backingOff(Position, dueAt: Int64)
        case ended(Ending)
    }

    /// Where the chain is.
    package struct Position: Sendable, Equatable {
        /// Index into the chain's Scripts.
        var step: Int
        /// The attempt that waits or runs.
        package var attempt: Attempt
        /// Its number within the run, from 1, without those before it that asked to be run again.
        package var attemptInRun: Int
        /// How many of the Script's attempts in the run were run again because they asked for it.
        package var agains = 0
    }

    /// What an attempt's Script asked for, which its end decides on.
    package enum Wish: Sendable, Equatable {
        /// Run it again at this time, milliseconds since the epoch: granted to a success and to a soft failure.
        case again(dueAt: Int64)
        /// Take the Scripts after it as not needed: granted to a success.
        case skipRest(reason: String?)

        func isGranted(to kind: OutcomeKind) -> Bool {
            switch self {
            case .again: kind == .success || kind == .soft
            case .skipRest: kind == .success
            }
        }
    }

    /// How the run ended.
    package struct Ending: Sendable, Equatable {
        package var status: ProcessingStatus
        package var outcome: OutcomeKind
        /// The Script that the run ended at.
        package var script: String
        /// A sentence for people.
        package var reason: String

        package init(status: ProcessingStatus, outcome: OutcomeKind, script: String, reason: String) {
            self.status = status
            self.outcome = outcome
            self.script = script
            self.reason = reason
        }
    }

    package enum Event: Sendable, Equatable {
        /// Admission was given and the attempt is recorded.
        case started(Attempt)
        /// `reason` is the outcome's sentence; `at` is milliseconds since the epoch.
        case ended(Attempt, OutcomeKind, reason: String, at: Int64, wish: Wish? = nil)
        /// After a restart: the recorded attempt's command was certainly never executed, so its number is used again.
        case neverStarted(Attempt)
        /// The time of `waitUntil` has come. One that is late for its attempt changes nothing.
        case retryDue(Attempt)
        /// `by` says who: `cli:root`.
        case cancelled(by: String)
        /// A new run, from the Script named or the first.
        case rerun(from: String?)
        /// The Script that the chain is at or failed at is taken as done; the run goes on with the next.
        case skipped(script: String, by: String)
    }

    package enum Action: Sendable, Equatable {
        /// Ask admission for this attempt; then `started`.
        case requestAdmission(Attempt)
        /// Take the request back.
        case withdrawRequest(Attempt)
        /// At this time, milliseconds since the epoch, send `retryDue`.
        case waitUntil(Int64, Attempt)
        /// Ask the running attempt to end; `ended` follows.
        case endAttempt(Attempt)
        case finish(Ending)
    }

    /// An event that the present state does not allow.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    struct Step: Sendable, Equatable {
        var name: String
        var retry: Retry
    }

    package internal(set) var state: State
    /// From 1; a rerun adds one.
    package private(set) var run: Int
    /// An attempt of this run has started.
    package internal(set) var hasStarted: Bool
    private let steps: [Step]
    /// The highest attempt number of each Script, over all runs.
    private var lastNumbers: [String: Int]

    /// A new Processing's chain, at its first Script. Perform `opening` first.
    /// `scripts` are the Task's and not empty, as every valid definition's.
    package init(scripts: [ScriptDefinition]) {
        self.init(steps: scripts.map { Step(name: $0.name, retry: $0.retry) }, run: 1, lastNumbers: [:], start: 0)
    }

    init(steps: [Step], run: Int, lastNumbers: [String: Int], start: Int) {
        precondition(!steps.isEmpty, "a chain has at least one Script")
        self.steps = steps
        self.run = run
        self.lastNumbers = lastNumbers
        hasStarted = false
        let name = steps[start].name
        let attempt = Attempt(script: name, number: (lastNumbers[name] ?? 0) + 1)
        state = .queued(Position(step: start, attempt: attempt, attemptInRun: 1))
    }

    /// What the Launcher has to do to bring the chain of a new or a stored Processing to life. `running` has none: the
    /// sandbox is there or to be recovered, and its end or `neverStarted` is the next event.
    package var opening: [Action] {
        switch state {
        case .queued(let position): [.requestAdmission(position.attempt)]
        case .backingOff(let position, let dueAt): [.waitUntil(dueAt, position.attempt)]
        case .cancelling(let position, _): [.endAttempt(position.attempt)]
        case .ended(let ending): [.finish(ending)]
        case .running: []
        }
    }

    /// What the Processing's row shows.
    package var status: ProcessingStatus {
        if case .ended(let ending) = state { return ending.status }
        return hasStarted ? .running : .waiting
    }

    /// The Script that the chain is at or ended at.
    package var script: String { position?.attempt.script ?? ending?.script ?? steps[0].name }

    /// nil once ended.
    package var position: Position? {
        switch state {
        case .queued(let position), .running(let position), .cancelling(let position, _),
            .backingOff(let position, _):
            position
        case .ended: nil
        }
    }

    private var ending: Ending? {
        if case .ended(let ending) = state { ending } else { nil }
    }

    // MARK: Events

    /// Takes one event. Throws, and changes nothing, when the state does not allow it.
    package mutating func handle(_ event: Event) throws(Refusal) -> [Action] {
        switch (event, state) {
        case (.started(let attempt), .queued(let position)) where position.attempt == attempt:
            start(position)
            return []
        case (.neverStarted(let attempt), .running(let position)) where position.attempt == attempt:
            state = .queued(position)
            return [.requestAdmission(attempt)]
        case (.neverStarted(let attempt), .cancelling(let position, let reason)) where position.attempt == attempt:
            return finish(.cancelled, .cancelled, at: position, reason)
        case (.ended(let attempt, let kind, let reason, let at, let wish), .running(let position))
        where position.attempt == attempt:
            return end(position, kind, reason, at: at, wish)
        case (.ended(let attempt, let kind, let reason, let at, _), .cancelling(let position, let cancellation))
        where position.attempt == attempt:
            return endCancelled(position, kind, reason, cancellation, at: at)
        case (.retryDue(let attempt), .backingOff(let position, _)) where position.attempt == attempt:
            state = .queued(position)
            return [.requestAdmission(attempt)]
        case (.retryDue, _):
            return []
        case (.cancelled(let source), _):
            return try cancel(by: source)
        case (.rerun(let script), .ended):
            return try rerun(from: script)
        case (.skipped(let script, let source), _):
            return try skip(script, by: source)
        case (.rerun, _):
            throw Refusal(description: "the Processing \(phrase); cancel it first, or wait for its end")
        case (.started(let attempt), _), (.ended(let attempt, _, _, _, _), _), (.neverStarted(let attempt), _):
            throw Refusal(
                description: "\(attempt.script)#\(attempt.number) is not what the Processing is at: it \(phrase)")
        }
    }

    private mutating func start(_ position: Position) {
        hasStarted = true
        lastNumbers[position.attempt.script] = position.attempt.number
        state = .running(position)
    }

    mutating func end(
        _ position: Position, _ kind: OutcomeKind, _ reason: String, at: Int64, _ wish: Wish? = nil
    ) -> [Action] {
        let step = steps[position.step]
        switch wish {
        case .again(let dueAt)?
        where position.agains < step.retry.mostAgains && Wish.again(dueAt: dueAt).isGranted(to: kind):
            var next = self.position(step: position.step, attemptInRun: position.attemptInRun)
            next.agains = position.agains + 1
            state = .backingOff(next, dueAt: dueAt)
            return [.waitUntil(dueAt, next.attempt)]
        case .skipRest(let why)? where kind == .success && position.step + 1 < steps.count:
            let text = "\(step.name) left out the Scripts after it" + (why.map { ": \($0)" } ?? "")
            return finish(.success, .success, at: position, text)
        default: break
        }
        if kind == .success {
            guard position.step + 1 < steps.count else {
                return finish(.success, .success, at: position, "every Script succeeded")
            }
            let next = self.position(step: position.step + 1, attemptInRun: 1)
            state = .queued(next)
            return [.requestAdmission(next.attempt)]
        }
        if kind == .cancelled { return finish(.cancelled, .cancelled, at: position, reason) }
        guard step.retry.on.contains(kind) else { return finish(.failed, kind, at: position, reason) }
        guard position.attemptInRun <= step.retry.limit else {
            let count = position.attemptInRun == 1 ? "1 attempt" : "\(position.attemptInRun) attempts"
            return finish(.failed, kind, at: position, "\(reason) (after \(count), retry limit \(step.retry.limit))")
        }
        var next = self.position(step: position.step, attemptInRun: position.attemptInRun + 1)
        next.agains = position.agains
        let (dueAt, overflow) = at.addingReportingOverflow(
            step.retry.delay(beforeAttempt: next.attemptInRun).milliseconds)
        state = .backingOff(next, dueAt: overflow ? .max : dueAt)
        return [.waitUntil(overflow ? .max : dueAt, next.attempt)]
    }

    /// The attempt may have ended by itself before the request reached it.
    private mutating func endCancelled(
        _ position: Position, _ kind: OutcomeKind, _ reason: String, _ cancellation: String, at: Int64
    ) -> [Action] {
        if kind == .success && position.step + 1 == steps.count { return end(position, kind, reason, at: at) }
        let before =
            kind == .cancelled
            ? "" : "; \(position.attempt.script)#\(position.attempt.number) had ended as \(kind.rawValue) by itself"
        return finish(.cancelled, .cancelled, at: position, cancellation + before)
    }

    private mutating func cancel(by source: String) throws(Refusal) -> [Action] {
        let reason = "cancelled by \(source)"
        switch state {
        case .queued(let position):
            return [.withdrawRequest(position.attempt)] + finish(.cancelled, .cancelled, at: position, reason)
        case .backingOff(let position, _):
            return finish(.cancelled, .cancelled, at: position, reason)
        case .running(let position):
            state = .cancelling(position, reason: reason)
            return [.endAttempt(position.attempt)]
        case .cancelling:
            return []
        case .ended:
            throw Refusal(description: "the Processing \(phrase); there is nothing to cancel")
        }
    }

    private mutating func rerun(from script: String?) throws(Refusal) -> [Action] {
        let start = script.map { name in steps.firstIndex { $0.name == name } } ?? 0
        guard let start else {
            let known = steps.map(\.name).joined(separator: ", ")
            throw Refusal(description: "the chain has no Script `\(script ?? "")`; it has \(known)")
        }
        self = Chain(steps: steps, run: run + 1, lastNumbers: lastNumbers, start: start)
        return opening
    }

    private mutating func skip(_ script: String, by source: String) throws(Refusal) -> [Action] {
        guard let step = steps.firstIndex(where: { $0.name == script }) else {
            let known = steps.map(\.name).joined(separator: ", ")
            throw Refusal(description: "the chain has no Script `\(script)`; it has \(known)")
        }
        guard script == self.script else {
            throw Refusal(description: "the Processing is at \(self.script), and only that can be skipped")
        }
        var actions: [Action] = []
        switch state {
        case .queued(let position): actions = [.withdrawRequest(position.attempt)]
        case .backingOff: break
        case .running, .cancelling:
            throw Refusal(description: "the Processing \(phrase); cancel it first, or wait for its end")
        case .ended(let ending):
            guard ending.status != .success else {
                throw Refusal(description: "the Processing \(phrase); there is nothing to skip")
            }
        }
        // That it had started is known of a run that goes on; a Processing that never did has now.
        hasStarted = true
        let here = position(step: step, attemptInRun: 1)
        guard step + 1 < steps.count else {
            return actions + finish(.success, .success, at: here, "\(script) was skipped by \(source)")
        }
        let next = position(step: step + 1, attemptInRun: 1)
        state = .queued(next)
        return actions + [.requestAdmission(next.attempt)]
    }

    private mutating func finish(
        _ status: ProcessingStatus, _ outcome: OutcomeKind, at position: Position, _ reason: String
    ) -> [Action] {
        let ending = Ending(status: status, outcome: outcome, script: position.attempt.script, reason: reason)
        state = .ended(ending)
        return [.finish(ending)]
    }

    private func position(step: Int, attemptInRun: Int) -> Position {
        let name = steps[step].name
        let attempt = Attempt(script: name, number: (lastNumbers[name] ?? 0) + 1)
        return Position(step: step, attempt: attempt, attemptInRun: attemptInRun)
    }

    private var phrase: String {
        switch state {
        case .queued(let position): "waits to start \(position.attempt.script)#\(position.attempt.number)"
        case .running(let position): "runs \(position.attempt.script)#\(position.attempt.number)"
        case .cancelling(let position, _): "is ending \(position.attempt.script)#\(position.attempt.number)"
        case .backingOff(let position, _): "waits to retry \(position.attempt.script)#\(position.attempt.number)"
        case .ended(let ending): "has ended (\(ending.status.rawValue))"
        }
    }
}
