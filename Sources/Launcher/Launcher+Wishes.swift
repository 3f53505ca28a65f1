package import Configuration
import Sandbox
package import Store

// What a running Script asks for beside its end. Each is on the disk, and in the Processing's history, before its answer.

extension Launcher {
    /// Bounds of what a Script may ask for.
    package enum WishLimits {
        /// How far away the time may be at which it is run again.
        package static let longestAgain = Timespan(seconds: 7 * 86_400)
        /// How many of one attempt's requests get into the history.
        static let noted = 1000
    }

    /// Has the attempt followed by another at that time, once it has ended as a success or softly. It does not count
    /// against the retry limit.
    ///
    /// - Returns: when, milliseconds since the epoch.
    package func again(_ peer: ScriptPeer, in time: Timespan, reason: String?) async throws(LauncherError) -> Int64 {
        guard time <= WishLimits.longestAgain else {
            throw LauncherError(
                .invalid, "\(time) is too long: a Script is run again within \(WishLimits.longestAgain)",
                field: "seconds")
        }
        let live = try running(peer)
        guard let position = live.chain.position, let script = live.script(peer.script) else { throw Self.gone(peer) }
        guard position.agains < script.retry.mostAgains else {
            throw LauncherError(
                .conflict,
                "\(peer.script) was run again \(position.agains) times in this run because it asked for it, and `again` "
                    + "of its `retry` allows no more")
        }
        let due = now() + time.milliseconds
        try await ask(peer, "asks to be run again in \(time)", reason) { $0.askForAgain(at: due, reason: reason) }
        return due
    }

    /// Has the Processing end as a success with this attempt, if that is one: the Scripts after it are left out.
    package func skipRest(_ peer: ScriptPeer, reason: String?) async throws(LauncherError) {
        _ = try running(peer)
        try await ask(peer, "asks to leave out the Scripts after it", reason) { $0.askToSkipRest(reason: reason) }
    }

    /// How long a running attempt may run.
    package struct WallTime: Sendable, Hashable {
        /// From its start.
        package var limit: Timespan
        /// Milliseconds since the epoch.
        package var deadline: Int64
    }

    /// Sees to it that the attempt has at least so much time from now on.
    ///
    /// The limit is held by its pid 1, which learns it from a file: that is there before this returns.
    package func reserve(_ peer: ScriptPeer, _ time: Timespan, reason: String?) async throws(LauncherError) -> WallTime
    {
        while processings[peer.processing]?.isExtending == true { try? await Task.sleep(for: .milliseconds(2)) }
        let live = try running(peer)
        guard let row = live.attempt, let limits = live.script(peer.script)?.policy.limits else {
            throw Self.gone(peer)
        }
        let present = Self.wallTime(of: row, limits)
        let elapsed = max(0, now() - row.startedAt)
        let (wanted, overflow) = elapsed.addingReportingOverflow(time.milliseconds)
        guard overflow || wanted > present.limit.milliseconds else { return present }
        let most = limits.wallTimeMax ?? limits.wallTime
        guard !overflow, wanted <= most.milliseconds else {
            throw Self.beyond(most, peer, live, elapsed: elapsed)
        }
        guard live.requestsNoted < WishLimits.noted else { throw Self.tooManyRequests(peer) }
        processings[peer.processing]?.isExtending = true
        defer { processings[peer.processing]?.isExtending = false }
        let attempt = Chain.Attempt(script: peer.script, number: peer.attempt)
        do throws(SandboxError) {
            try await engine.extendWallTime(of: state.attempt(peer.processing, attempt), to: wanted)
        } catch {
            throw LauncherError(.unavailable, error.description)
        }
        // Its pid 1 may have looked before. Our time began before its own did: until then it had not.
        guard now() < present.deadline else {
            throw LauncherError(.conflict, "the wall_time of \(peer.reference) was over before more of it was reserved")
        }
        let limit = Timespan(milliseconds: wanted)
        try await ask(peer, "reserves \(time): its wall_time is \(limit) now", reason) { $0.wallTime = wanted }
        return WallTime(limit: limit, deadline: row.startedAt + wanted)
    }

    /// How long a running attempt may run; nil when it does not run.
    package func wallTime(of peer: ScriptPeer) -> WallTime? {
        guard isAttempt(of: peer), let live = processings[peer.processing], let row = live.attempt,
            let limits = live.script(peer.script)?.policy.limits
        else { return nil }
        return Self.wallTime(of: row, limits)
    }

    package static func wallTime(of row: AttemptRecord, _ limits: Limits) -> WallTime {
        let limit = AttemptWishes(row.wishes).wallTime.map { Timespan(milliseconds: $0) } ?? limits.wallTime
        let (deadline, overflow) = row.startedAt.addingReportingOverflow(limit.milliseconds)
        return WallTime(limit: limit, deadline: overflow ? .max : deadline)
    }

    /// What an attempt's Script asked for: to be run again, and when; to leave out those after it.
    package static func wishes(of row: AttemptRecord) -> (againAt: Int64?, skipsRest: Bool?) {
        let wishes = AttemptWishes(row.wishes)
        return (wishes.againAt, wishes.skipsRest)
    }

    private static func beyond(
        _ most: Timespan, _ peer: ScriptPeer, _ live: LiveProcessing, elapsed: Int64
    ) -> LauncherError {
        let policy = live.script(peer.script)?.policy
        let rest = Timespan(milliseconds: max(0, most.milliseconds - elapsed) / 1000 * 1000)
        let why =
            policy?.limits.wallTimeMax == nil
            ? "its policy \(policy?.name ?? "") names no wall_time_max beyond its wall_time of \(most)"
            : "its policy \(policy?.name ?? "") has a wall_time_max of \(most)"
        return LauncherError(.conflict, "\(peer.reference) can have \(rest) from now at most: \(why)")
    }

    // MARK: Asking

    /// The Processing of an attempt that runs and is not being ended.
    private func running(_ peer: ScriptPeer) throws(LauncherError) -> LiveProcessing {
        guard isAttempt(of: peer), let live = processings[peer.processing] else { throw Self.gone(peer) }
        if case .cancelling = live.chain.state { throw Self.cancelled(peer) }
        return live
    }

    /// Writes down what a Script asks for.
    private func ask(
        _ peer: ScriptPeer, _ what: String, _ reason: String?, _ change: (inout AttemptWishes) -> Void
    ) async throws(LauncherError) {
        guard isAttempt(of: peer), let row = processings[peer.processing]?.attempt else { throw Self.gone(peer) }
        try noteRequest(of: peer)
        var wishes = AttemptWishes(row.wishes)
        change(&wishes)
        // Before it is stored: if the attempt ends meanwhile, it is stored with its end.
        processings[peer.processing]?.attempt?.wishes = try encode(wishes)
        guard let changed = processings[peer.processing]?.attempt else { throw Self.gone(peer) }
        let note = "\(peer.script)#\(peer.attempt) \(what)" + (reason.map { ": \($0)" } ?? "")
        let at = now()
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                try transaction.saveWishes(changed)
                try transaction.note(note, on: peer.processing, at: at)
            }
        }
    }

    /// Counts a request that gets into the history, which one attempt must not fill.
    func noteRequest(of peer: ScriptPeer) throws(LauncherError) {
        guard processings[peer.processing]?.requestsNoted ?? 0 < WishLimits.noted else {
            throw Self.tooManyRequests(peer)
        }
        processings[peer.processing]?.requestsNoted += 1
    }

    private static func tooManyRequests(_ peer: ScriptPeer) -> LauncherError {
        LauncherError(
            .conflict, "\(peer.reference) has made \(WishLimits.noted) requests for the history; no more are taken")
    }
}
