import Dispatch
import Glibc
import Synchronization

/// The names of the host's users, for the history. The name service may be slow, so that it is asked on a thread of its own
/// and its answers are kept for a while.
final class UserNames: Sendable {
    private struct Entry {
        var name: String
        var until: ContinuousClock.Instant
    }

    private let known = Mutex<[UInt32: Entry]>([:])
    private static let queue = DispatchQueue(label: "altp.api.users")

    /// `uid-1000` for one without a name.
    func name(of uid: UInt32) async -> String {
        if let entry = known.withLock({ $0[uid] }), entry.until > .now { return entry.name }
        let name = await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: Self.lookUp(uid)) }
        }
        known.withLock { $0[uid] = Entry(name: name, until: .now + .seconds(300)) }
        return name
    }

    /// Only a name that cannot be taken for somebody else's, or for more than a name, is one.
    private static func lookUp(_ uid: UInt32) -> String {
        var account = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(uid, &account, &buffer, buffer.count, &result) == 0, result != nil,
            let text = account.pw_name.flatMap({ String(validatingCString: $0) })
        else { return "uid-\(uid)" }
        return isUsable(text) ? text : "uid-\(uid)"
    }

    static func isUsable(_ name: String) -> Bool {
        name != "root" && !name.hasPrefix("uid-") && (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "-_.@".utf8.contains(byte)
                }
            }
    }
}
