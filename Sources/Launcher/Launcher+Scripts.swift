import Configuration
import Glibc
import Sandbox
import Store

extension Launcher {
    /// The running attempt that a process of a sandbox belongs to; nil when there is none.
    ///
    /// Its uid says which Processing's it is, and its pid namespace which attempt's: who holds the connection of an attempt
    /// that has ended, or is inside of one, is not the one that runs now.
    package func peer(hostUID uid: UInt32, pid: Int32) -> ScriptPeer? {
        guard let id = blocks.holder(ofUID: uid), let live = processings[id], let attempt = live.attempt,
            let script = live.script(attempt.script)
        else { return nil }
        // Its Script may be quicker than we are to hear of its sandbox.
        guard live.sandbox?.contains(process: pid) ?? (kill(pid, 0) == 0) else { return nil }
        return ScriptPeer(
            processing: id, script: attempt.script, attempt: attempt.number, task: live.record.task,
            control: script.policy.control)
    }

    /// Takes a running attempt's progress; it is written at most once a second, and at the end.
    ///
    /// - Parameters:
    ///   - percent: 0 to 100; nil leaves it.
    ///   - text: a line for people; nil leaves it.
    package func progress(_ peer: ScriptPeer, percent: Double?, text: String?) async throws(LauncherError) {
        guard isAttempt(of: peer) else { throw Self.gone(peer) }
        if let percent { processings[peer.processing]?.attempt?.progress = percent }
        if let text { processings[peer.processing]?.attempt?.progressText = text }
        guard processings[peer.processing]?.progressIsSaved == true else { return }
        processings[peer.processing]?.progressIsSaved = false
        let wait = max(0, (processings[peer.processing]?.progressSavedAt ?? 0) + 1000 - now())
        if wait == 0 {
            try await saveProgress(peer)
        } else {
            Task {
                try? await Task.sleep(for: .milliseconds(wait))
                try? await self.saveProgress(peer)
            }
        }
    }

    private func saveProgress(_ peer: ScriptPeer) async throws(LauncherError) {
        guard isAttempt(of: peer), let row = processings[peer.processing]?.attempt else { return }
        processings[peer.processing]?.progressIsSaved = true
        processings[peer.processing]?.progressSavedAt = now()
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in try transaction.saveProgress(row) }
        }
        signals.send(
            ProgressSignal(
                processing: row.processing, script: row.script, number: row.number, task: peer.task,
                percent: row.progress, text: row.progressText, at: now()))
    }

    /// Ends a running attempt as its Script asks: the wish is on the disk before the sandbox is ended.
    package func end(_ peer: ScriptPeer, as ending: SelfEnding) async throws(LauncherError) {
        guard isAttempt(of: peer) else { throw Self.gone(peer) }
        // The cancellation stays stored: it has to hold after a restart too.
        if case .cancelling = processings[peer.processing]?.chain.state { throw Self.cancelled(peer) }
        let text = try encode(StoredEnding(ending))
        processings[peer.processing]?.attempt?.ending = text
        guard let row = processings[peer.processing]?.attempt else { throw Self.gone(peer) }
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in try transaction.saveEnding(row) }
        }
        processings[peer.processing]?.sandbox?.terminate()
    }

    func isAttempt(of peer: ScriptPeer) -> Bool {
        let attempt = processings[peer.processing]?.attempt
        return attempt?.script == peer.script && attempt?.number == peer.attempt
    }

    static func gone(_ peer: ScriptPeer) -> LauncherError {
        LauncherError(.conflict, "the attempt \(peer.reference) does not run any more")
    }

    static func cancelled(_ peer: ScriptPeer) -> LauncherError {
        LauncherError(.conflict, "\(peer.reference) is being ended, because its Processing was cancelled")
    }
}
