import Store
import Synchronization

/// The requests with an Idempotency-Key that are being carried out.
final class RequestsUnderWay: Sendable {
    private struct Name: Hashable {
        var caller: String
        var key: String
    }

    enum Entry: Sendable, Hashable {
        /// Whoever gets this calls `end`.
        case begun
        case isUnderWay
        /// The key is in use for another request.
        case reused
    }

    private let requests = Mutex<[Name: String]>([:])

    func begin(_ receipt: RequestReceipt) -> Entry {
        let name = Name(caller: receipt.caller, key: receipt.key)
        return requests.withLock { requests in
            if let other = requests[name] { return other == receipt.request ? .isUnderWay : .reused }
            requests[name] = receipt.request
            return .begun
        }
    }

    func end(_ receipt: RequestReceipt) {
        requests.withLock { $0[Name(caller: receipt.caller, key: receipt.key)] = nil }
    }
}
