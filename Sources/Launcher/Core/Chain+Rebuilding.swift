package import Configuration
package import Store

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
