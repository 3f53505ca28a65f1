import Store
import Synchronization

/// What whoever asks for an action has seen of its target, so that nobody changes what somebody else has changed meanwhile.
package enum Precondition: Sendable, Hashable {
    case none
    /// Its version must be one of these.
    case version(Set<String>)

    package func allows(_ version: String) -> Bool {
        switch self {
        case .none: true
        case .version(let versions): versions.contains(version)
        }
    }
}

/// A request to a Processing that takes its turn with what else the Processing has to do.
final class Request: Sendable {
    private enum State {
        case waiting
        case done
        case refused(LauncherError)
    }

    let precondition: Precondition
    private let state = Mutex(State.waiting)

    init(_ precondition: Precondition) { self.precondition = precondition }

    func carriedOut() { state.withLock { $0 = .done } }

    func refuse(_ error: LauncherError) { state.withLock { $0 = .refused(error) } }

    /// Throws why it was not carried out. Call it when its turn is over.
    func check(_ id: Int64) throws(LauncherError) {
        switch state.withLock({ $0 }) {
        case .done: return
        case .refused(let error): throw error
        case .waiting: throw LauncherError(.conflict, "Processing \(id) has ended at the same moment")
        }
    }
}

extension ProcessingRecord {
    /// What an action that must not overwrite another's asks for, see `Precondition`.
    package var version: String { "r\(revision)" }
}

extension StoreTransaction {
    /// Lets the transaction go on only if the Processing is as it was when somebody looked at it. There is one writer: nothing
    /// can come between.
    func require(_ precondition: Precondition, of id: Int64) throws(StoreError) {
        guard case .version = precondition else { return }
        let version = "r\(try revision(of: id))"
        guard !precondition.allows(version) else { return }
        throw StoreError(
            "Processing \(id) has changed since it was looked at; its version is \(version) now. Look at it again, and decide anew",
            isChange: true)
    }
}
