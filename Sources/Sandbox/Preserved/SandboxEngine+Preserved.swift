extension SandboxEngine {
    /// What an attempt changed on the disk, see `AttemptChanges`.
    ///
    /// - Parameter endedAt: milliseconds since the epoch; nil while it runs.
    package func changes(
        of attempt: AttemptDirectory, endedAt: Int64?, successor: AttemptChanges.Successor?
    ) async throws(SandboxError) -> AttemptChanges {
        try await run { () throws(SandboxError) in
            try AttemptChanges(of: attempt, endedAt: endedAt, successor: successor, images: self.settings.images)
        }
    }
}
