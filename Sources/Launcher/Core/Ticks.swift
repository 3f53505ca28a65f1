package import Configuration

/// When a Periodic Task fires. Pure: the Launcher brings the time and the state, and acts on the answer.
///
/// Ticks that were missed while the Launcher was down, or because the clock jumped forward, collapse into one.
package struct Ticks: Sendable {
    package enum Schedule: Sendable {
        /// Milliseconds, more than 0.
        case every(Int64)
        case cron(CronExpression, TimeZoneRules)
    }

    package enum Check: Sendable, Equatable {
        /// Look again at this time, milliseconds since the epoch, and at least once a minute, as the clock may be set.
        case wait(until: Int64)
        /// Create a Processing and store `last`.
        case fire
        /// A tick was due and `running` Processings of the Task are unfinished, of `limit` that may be. Store `last` and say so.
        case skip(running: Int, limit: Int)
        /// No tick will ever come.
        case never
    }

    /// How far a clock is set back while cron ticks that have run are not run again (as Vixie cron has it).
    package static let smallCorrection: Int64 = 3 * 3_600_000

    private let schedule: Schedule
    /// The time of the last tick, fired or skipped, to be stored; for `cron` before the first tick, when the Task was
    /// first seen; nil for `every` before its first tick.
    package private(set) var last: Int64?

    /// - Parameters:
    ///   - last: as stored; nil for a Task that was never seen.
    package init(schedule: Schedule, last: Int64?, now: Int64) {
        self.schedule = schedule
        if case .cron = schedule { self.last = last ?? now } else { self.last = last }
    }

    /// When the next tick is due; at or before `now` when it is due already, nil when none will come.
    package func next(now: Int64) -> Int64? {
        switch schedule {
        case .every(let interval):
            guard let last else { return now }
            // A clock that was set back must not stop the ticks until it has caught up.
            let reference = min(last, now)
            let (due, overflow) = reference.addingReportingOverflow(max(1, interval))
            return overflow ? nil : due
        case .cron(let expression, let zone):
            var reference = last ?? now
            if reference > now, reference - now > Self.smallCorrection { reference = now }
            return expression.next(after: reference, in: zone)
        }
    }

    /// What to do now. `running` counts the Task's unfinished Processings, waiting ones too; `maxRunning` is the Task's.
    /// Ask only while the Task is not paused; a tick that falls into a pause comes at its end.
    package mutating func check(now: Int64, running: Int, maxRunning: Int?) -> Check {
        // Takes note of a clock that was set back, so that the wait is not begun anew at every look.
        if let last, last > now {
            if case .every = schedule { self.last = now }
            if case .cron = schedule, last - now > Self.smallCorrection { self.last = now }
        }
        guard let due = next(now: now) else { return .never }
        guard due <= now else { return .wait(until: due) }
        last = tickTime(due: due, now: now)
        let limit = max(1, maxRunning ?? 1)
        return running < limit ? .fire : .skip(running: running, limit: limit)
    }

    /// On the grid while ticks come in time, so that they do not drift; now, when some were missed.
    private func tickTime(due: Int64, now: Int64) -> Int64 {
        switch schedule {
        case .every(let interval): now - due < interval ? due : now
        case .cron: now
        }
    }
}

extension Ticks.Schedule {
    /// nil for a Task that is not periodic. The definition has been checked; only a tz database that has changed since can
    /// make it throw.
    package init?(_ trigger: Trigger) throws(ScheduleError) {
        switch trigger {
        case .every(let interval):
            self = .every(interval.milliseconds)
        case .cron(let expression, let timezone):
            do {
                self = .cron(try CronExpression(parsing: expression), try TimeZoneRules.load(named: timezone))
            } catch let error as CronError {
                throw ScheduleError(description: error.description)
            } catch {
                throw ScheduleError(description: "\(error)")
            }
        case .event, .manual:
            return nil
        }
    }
}

/// A schedule that cannot be used, in a sentence.
package struct ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
}
