import Synchronization

/// The sessions that were opened here: those whose stream nobody has opened yet, and those that are relayed.
package final class SessionDesk: Sendable {
    private enum Place {
        case waiting(any RelayedSession, owner: String)
        case relayed
    }

    private let places = Mutex<[Int64: Place]>([:])
    private let patience: Duration
    private let limit: Int

    /// - Parameters:
    ///   - patience: how long a session waits for its stream.
    ///   - limit: sessions at one time, each of which has a thread.
    package init(patience: Duration = .seconds(10), limit: Int = 64) {
        self.patience = patience
        self.limit = limit
    }

    package var isFull: Bool { places.withLock { $0.count >= limit } }

    /// Takes a session until its stream is opened, and ends it if that is not soon.
    ///
    /// - Parameter owner: who alone may open it.
    package func add(_ session: any RelayedSession, _ id: Int64, owner: String) {
        places.withLock { $0[id] = .waiting(session, owner: owner) }
        Task { [weak self, patience] in
            try? await Task.sleep(for: patience)
            self?.take(id, owner: nil)?.end()
        }
    }

    package enum Standing: Sendable, Hashable {
        case ready
        case notYours
        /// Its stream is open already.
        case taken
        case unknown
    }

    package func standing(_ id: Int64, owner: String) -> Standing {
        places.withLock { places in
            switch places[id] {
            case .waiting(_, owner): .ready
            case .waiting: .notYours
            case .relayed: .taken
            case nil: .unknown
            }
        }
    }

    /// Joins a session to its connection, on a thread of its own; closes the connection when it has none any more.
    package func relay(_ id: Int64, owner: String, over connection: UpgradedConnection) {
        let session = places.withLock { places -> (any RelayedSession)? in
            guard case .waiting(let session, owner) = places[id] else { return nil }
            places[id] = .relayed
            return session
        }
        guard let session else { return }
        let isStarted = SessionRelay.start(session, over: connection) { [weak self] in self?.forget(id) }
        if !isStarted {
            forget(id)
            session.end()
        }
    }

    private func take(_ id: Int64, owner: String?) -> (any RelayedSession)? {
        places.withLock { places in
            guard case .waiting(let session, _) = places[id] else { return nil }
            places[id] = nil
            return session
        }
    }

    private func forget(_ id: Int64) { places.withLock { $0[id] = nil } }
}
