import Glibc
package import Store
import Synchronization
import Wire

/// The tokens, in memory as in the store: a request costs no read of the disk, and what is revoked ends at once.
package final class TokenVault: Sendable {
    private struct State {
        var tokens: [String: TokenRecord] = [:]
        /// When the use of each was last written.
        var noted: [String: Int64] = [:]
    }

    private let store: Store
    private let state: Mutex<State>
    private let log: @Sendable (String) -> Void
    /// Compared with where there is no token of the id, so that this takes as long.
    private let nobody = BearerToken.random().hash

    /// Milliseconds between two notes of a token's use.
    private static let noteInterval: Int64 = 10 * 60_000

    package init(store: Store, log: @escaping @Sendable (String) -> Void) async throws(StoreError) {
        self.store = store
        self.log = log
        let tokens = try await store.tokens()
        state = Mutex(State(tokens: Dictionary(uniqueKeysWithValues: tokens.map { ($0.id, $0) })))
    }

    /// Who has the token; nil when there is none of the id, its secret is another, or it is revoked or expired. Which of
    /// these it is, nobody outside learns, by the answer or by its time.
    package func holder(of token: BearerToken, at now: Int64) -> TokenPeer? {
        let record = state.withLock { $0.tokens[token.id] }
        let isRight = token.matches(record?.hash ?? nobody)
        guard isRight, let record, record.revokedAt == nil, record.expiresAt.map({ $0 > now }) ?? true,
            let role = Role(name: record.role)
        else { return nil }
        noteUse(of: record.id, at: now)
        guard let tasks = record.tasks else {
            return TokenPeer(id: record.id, name: record.name, role: role, tasks: nil)
        }
        // A scope that cannot be read, or is empty, allows nothing.
        guard let names = try? WireJSON.decode([String].self, from: Array(tasks.utf8)), !names.isEmpty else {
            return nil
        }
        return TokenPeer(id: record.id, name: record.name, role: role, tasks: Set(names))
    }

    /// Whether the token may still be used: for what lasts longer than a request.
    package func isValid(_ id: String, at now: Int64) -> Bool {
        state.withLock { state in
            guard let record = state.tokens[id] else { return false }
            return record.revokedAt == nil && record.expiresAt.map { $0 > now } ?? true
        }
    }

    package var all: [TokenRecord] {
        state.withLock { $0.tokens.values.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) } }
    }

    /// The valid or expired one of this name, or the one of this id.
    package func find(_ name: String) -> TokenRecord? {
        state.withLock { state in
            state.tokens[name] ?? state.tokens.values.first { $0.name == name && $0.revokedAt == nil }
        }
    }

    /// - Returns: false when there is one of this name.
    package func add(_ token: TokenRecord) async throws(StoreError) -> Bool {
        let isNew = try await store.write { transaction throws(StoreError) in try transaction.insertToken(token) }
        if isNew { state.withLock { $0.tokens[token.id] = token } }
        return isNew
    }

    /// It ends before it is recorded: should the store fail, the token is not valid until the next start.
    package func revoke(_ id: String, at now: Int64) async throws(StoreError) {
        state.withLock { state in
            if state.tokens[id]?.revokedAt == nil { state.tokens[id]?.revokedAt = now }
        }
        try await store.write { transaction throws(StoreError) in try transaction.revokeToken(id, at: now) }
    }

    private func noteUse(of id: String, at now: Int64) {
        let isDue = state.withLock { state in
            guard now - (state.noted[id] ?? 0) >= Self.noteInterval else { return false }
            state.noted[id] = now
            state.tokens[id]?.lastUsedAt = now
            return true
        }
        guard isDue else { return }
        // Nobody waits for it, and it is no part of the request's change.
        Task.detached { [store, log] in
            do {
                try await store.write { transaction throws(StoreError) in try transaction.noteUse(ofToken: id, at: now)
                }
            } catch {
                log("api: the use of a token could not be noted: \(error)")
            }
        }
    }
}
