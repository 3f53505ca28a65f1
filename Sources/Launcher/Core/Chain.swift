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

    package private(set) var state: State
    /// From 1; a rerun adds one.
    package private(set) var run: Int
    /// An attempt of this run has started.
    package private(set) var hasStarted: Bool
    private let steps: [Step]
    /// The highest attempt number of each Script, over all runs.
    private var lastNumbers: [String: Int]

    /// A new Processing's chain, at its first Script. Perform `opening` first.
    /// `scripts` are the Task's and not empty, as every valid definition's.
    package init(scripts: [ScriptDefinition]) {
        self.init(steps: scripts.map { Step(name: $0.name, retry: $0.retry) }, run: 1, lastNumbers: [:], start: 0)
    }

    private init(steps: [Step], run: Int, lastNumbers: [String: Int], start: Int) {
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

    private mutating func end(
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

// MARK: Rebuilding

extension Chain {
    /// A stored attempt, as far as the chain needs it.
    package struct PastAttempt: Sendable, Equatable {
        package enum Phase: Sendable, Equatable {
            /// Recorded as starting or running.
            case underWay
            /// The same, and asked to end because the Processing was cancelled.
            case cancelling(reason: String)
            case ended(OutcomeKind, reason: String, at: Int64, wish: Wish? = nil)
        }

        package var attempt: Attempt
        /// The run that it belongs to.
        package var run: Int
        package var phase: Phase

        package init(_ attempt: Attempt, run: Int, phase: Phase) {
            self.attempt = attempt
            self.run = run
            self.phase = phase
        }

        /// From its row. `reason` is the sentence in the row's outcome. A row that is inconsistent throws.
        package init(_ record: AttemptRecord, run: Int, reason: String) throws(Refusal) {
            let attempt = Attempt(script: record.script, number: record.number)
            guard record.state == .ended else {
                let cancellation = StoredEnding(record.ending).flatMap { $0.kind == .cancelled ? $0.reason : nil }
                self.init(attempt, run: run, phase: cancellation.map { .cancelling(reason: $0) } ?? .underWay)
                return
            }
            guard let kind = record.outcome.flatMap(OutcomeKind.init(rawValue:)), let endedAt = record.endedAt else {
                throw Refusal(
                    description: "the stored attempt \(record.processing)/\(record.script)#\(record.number) has ended "
                        + "without an outcome (`\(record.outcome ?? "none")`) or a time")
            }
            self.init(
                attempt, run: run,
                phase: .ended(kind, reason: reason, at: endedAt, wish: AttemptWishes(record.wishes).wish))
        }

        /// With what it asked for so much later; for a clock that was set.
        package func moved(by milliseconds: Int64) -> PastAttempt {
            guard case .ended(let kind, let reason, let at, .again(let due)?) = phase else { return self }
            var result = self
            let (moved, overflow) = due.addingReportingOverflow(milliseconds)
            result.phase = .ended(kind, reason: reason, at: at, wish: .again(dueAt: overflow ? due : moved))
            return result
        }

        /// It was followed by another because it asked for it, unless there were too many.
        var wasRunAgain: Bool {
            if case .ended(let kind, _, _, .again(let due)?) = phase {
                Wish.again(dueAt: due).isGranted(to: kind)
            } else {
                false
            }
        }
    }

    /// The chain of a stored Processing. Perform `opening` next.
    ///
    /// - Parameters:
    ///   - processing: its row; `script` says where a run begins that has no attempt yet, so a rerun must write it.
    ///   - run: the number of the current run, which has to be stored with the Processing and with each attempt.
    ///   - attempts: all of the Processing's, of every run, in any order.
    package init(
        scripts: [ScriptDefinition], processing: ProcessingRecord, run: Int, attempts: [PastAttempt]
    ) throws(Refusal) {
        let steps = scripts.map { Step(name: $0.name, retry: $0.retry) }
        func index(of script: String) throws(Refusal) -> Int {
            if let index = steps.firstIndex(where: { $0.name == script }) { return index }
            throw Refusal(
                description:
                    "Processing \(processing.id) has a record of the Script `\(script)`, which its definition lacks")
        }
        var lastNumbers: [String: Int] = [:]
        for past in attempts {
            lastNumbers[past.attempt.script] = max(lastNumbers[past.attempt.script] ?? 0, past.attempt.number)
        }
        var current: [(step: Int, past: PastAttempt)] = []
        for past in attempts where past.run == run { current.append((try index(of: past.attempt.script), past)) }
        let start = try processing.script.map { script throws(Refusal) in try index(of: script) } ?? 0
        self.init(steps: steps, run: run, lastNumbers: lastNumbers, start: start)
        hasStarted = !current.isEmpty

        if processing.status.isFinal {
            guard let outcome = processing.outcome.flatMap(OutcomeKind.init(rawValue:)) else {
                throw Refusal(
                    description: "the stored Processing \(processing.id) has ended as \(processing.status.rawValue) "
                        + "without an outcome (`\(processing.outcome ?? "none")`)")
            }
            state = .ended(
                Ending(
                    status: processing.status, outcome: outcome, script: steps[start].name,
                    reason: processing.reason ?? ""))
            return
        }
        // The last attempt decides; a row that has already been moved on to a later Script decides over it.
        guard let last = current.max(by: { ($0.step, $0.past.attempt.number) < ($1.step, $1.past.attempt.number) }),
            last.step >= start
        else { return }
        let own = current.filter { $0.step == last.step }
        let before = own.count { $0.past.attempt != last.past.attempt && $0.past.wasRunAgain }
        let agains = min(before, steps[last.step].retry.mostAgains)
        let position = Position(
            step: last.step, attempt: last.past.attempt, attemptInRun: own.count - agains, agains: agains)
        state = .running(position)
        switch last.past.phase {
        case .underWay: break
        case .cancelling(let reason): state = .cancelling(position, reason: reason)
        case .ended(let kind, let reason, let at, let wish): _ = end(position, kind, reason, at: at, wish)
        }
    }
}
