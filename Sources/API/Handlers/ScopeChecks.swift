import Configuration
import Launcher
import Store
import Wire

extension Caller {
    /// The Tasks that a list is about: those asked for, or all that the caller sees; empty for all there are.
    ///
    /// - Parameter what: of the Tasks, as a refusal names it.
    func narrowed(
        _ asked: Set<String>, _ what: String = "what belongs to"
    ) throws(Problem) -> Set<String> {
        guard let visible = visibleTasks else { return asked }
        guard !visible.isEmpty, asked.isSubset(of: visible) else {
            throw Problems.forbidden("\(source) may see \(what) \(visible.sorted().joined(separator: ", ")).")
        }
        return asked.isEmpty ? visible : asked
    }
}

/// What a caller with a scope sees of that which belongs to no Task by itself.
extension APIService {
    /// The types of Events that the caller's Tasks are on; nil for all.
    func visibleTypes(_ caller: Caller) async -> Set<String>? {
        guard let visible = caller.visibleTasks else { return nil }
        return Set(
            await launcher.tasks().compactMap { state in
                guard visible.contains(state.definition.name), case .event(let type) = state.definition.trigger else {
                    return nil
                }
                return type
            })
    }

    /// A token for some Tasks may send what starts these, and nothing that starts others too.
    func checkSending(_ type: String, by caller: Caller) async throws(Problem) {
        guard case .token(let token) = caller, let visible = token.tasks else { return }
        let started = await launcher.tasks().filter { $0.definition.trigger == .event(type) }.map(\.definition.name)
        guard !started.isEmpty, visible.isSuperset(of: started) else { throw Self.beyond(token) }
    }

    /// A session, for callers that may see its Processing.
    func checkSession(_ id: Int64, by caller: Caller) async throws(Problem) {
        guard case .token(let token) = caller, let visible = token.tasks else { return }
        guard let session = await launcher.sessions().first(where: { $0.id == id }) else { return }
        guard visible.contains(try await processing(String(session.processing)).task) else { throw Self.beyond(token) }
    }

    static func beyond(_ token: TokenPeer) -> Problem { Problems.forbidden(Authorization.beyond(token)) }
}
