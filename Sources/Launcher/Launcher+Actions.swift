package import Store

/// Something that can be done with a Processing.
package enum ProcessingAction: Sendable, Hashable {
    case rerun(from: String?, using: RerunSource)
    case cancel
    case skip(script: String)
    case release
    case pin(reason: String?)
    case unpin
}

extension Launcher {
    package func perform(
        _ action: ProcessingAction, on id: Int64, by who: String, if precondition: Precondition = .none,
        receipt: RequestReceipt? = nil
    ) async throws(LauncherError) {
        switch action {
        case .rerun(let script, let source):
            try await rerun(
                processing: id, from: script, using: source, by: who, if: precondition, receipt: receipt)
        case .cancel: try await cancel(processing: id, by: who, if: precondition)
        case .skip(let script): try await skip(processing: id, script: script, by: who, if: precondition)
        case .release: try await release(processing: id, by: who, if: precondition)
        case .pin(let reason): try await pin(processing: id, reason: reason, by: who, if: precondition)
        case .unpin: try await unpin(processing: id, by: who, if: precondition)
        }
    }

    /// Throws what `perform` would throw now; changes nothing.
    package func check(_ action: ProcessingAction, on id: Int64, by who: String) async throws(LauncherError) {
        switch action {
        case .rerun(let script, let source):
            _ = try await readyToRerun(id, from: script, using: source, if: .none)
        case .cancel: try await checkCancel(id, if: .none)
        case .skip(let script): try await checkSkip(id, .skipped(script: script, by: who), if: .none)
        case .release: try await checkRelease(id, if: .none)
        case .pin: try await checkPin(id, if: .none)
        case .unpin: try await checkUnpin(id, if: .none)
        }
    }
}
