package import Store

// Labels and metrics: what is said of a Processing, and measured in it.

extension Launcher {
    package enum LabelLimits {
        /// Of one Processing.
        package static let labels = 32
        /// Names that one attempt may report.
        package static let metrics = 100
    }

    /// Gives a Processing's label a value.
    ///
    /// - Parameters:
    ///   - who: for the history: `cli:root`.
    ///   - script: the Script that says it, when one does of its own Processing.
    package func setLabel(
        _ key: String, _ value: String, of id: Int64, by who: String, as script: ScriptPeer? = nil
    ) async throws(LauncherError) {
        try await checkLabelled(id, script)
        let at = now()
        let change = try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                let change = try transaction.setLabel(key, value, of: id, limit: LabelLimits.labels)
                if change == .set { try transaction.note("label \(key) set to \(value) by \(who)", on: id, at: at) }
                return change
            }
        }
        guard change != .tooMany else {
            throw LauncherError(
                .conflict, "Processing \(id) has \(LabelLimits.labels) labels, which is all that it may have",
                field: "key")
        }
    }

    /// Takes a label away; nothing when there is none of that key.
    package func removeLabel(
        _ key: String, of id: Int64, by who: String, as script: ScriptPeer? = nil
    ) async throws(LauncherError) {
        try await checkLabelled(id, script)
        let at = now()
        try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                guard try transaction.removeLabel(key, of: id) else { return }
                try transaction.note("label \(key) removed by \(who)", on: id, at: at)
            }
        }
    }

    private func checkLabelled(_ id: Int64, _ script: ScriptPeer?) async throws(LauncherError) {
        if let script {
            guard isAttempt(of: script) else { throw Self.gone(script) }
            try noteRequest(of: script)
        } else {
            _ = try await record(of: id)
        }
    }

    /// Keeps a figure that a running Script reports, in the place of the one that it reported before under that name.
    package func report(
        _ peer: ScriptPeer, metric name: String, _ value: Double, unit: String?
    ) async throws(LauncherError) -> MetricRecord {
        guard isAttempt(of: peer) else { throw Self.gone(peer) }
        let metric = MetricRecord(
            processing: peer.processing, script: peer.script, number: peer.attempt, task: peer.task, name: name,
            value: value, unit: unit, at: now())
        let text = value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
        let note = "\(peer.script)#\(peer.attempt) reports \(name) \(text)" + (unit.map { " \($0)" } ?? "")
        let change = try await fromStore { () async throws(StoreError) in
            try await store.write { transaction throws(StoreError) in
                let change = try transaction.putMetric(metric, limit: LabelLimits.metrics)
                if change == .new { try transaction.note(note, on: metric.processing, at: metric.at) }
                return change
            }
        }
        guard change != .tooMany else {
            throw LauncherError(
                .conflict, "\(peer.reference) has reported \(LabelLimits.metrics) metrics, which is all that it may",
                field: "name")
        }
        return metric
    }
}
