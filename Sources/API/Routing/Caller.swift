import Configuration
package import Launcher

/// Who asks, as the kernel's word and the Launcher's knowledge of its sandboxes make it.
package enum Caller: Sendable, Hashable {
    /// A user of the host.
    case user(name: String, role: Role)
    /// A Script that runs in a sandbox.
    case script(ScriptPeer)
    /// Neither of the group nor a running Script.
    case stranger(uid: UInt32)

    /// How the history names it: `cli:root`, `script:42/discover#1`.
    package var source: String {
        switch self {
        case .user(let name, _): "cli:\(name)"
        case .script(let peer): "script:\(peer.reference)"
        case .stranger(let uid): "uid:\(uid)"
        }
    }

    /// The host's own root, by the kernel's word.
    package var isRoot: Bool { self == .user(name: "root", role: .admin) }

    /// The Tasks whose things it sees; nil for all. Lists are narrowed to them.
    package var visibleTasks: Set<String>? {
        if case .script(let peer) = self, peer.control < .host { [peer.task] } else { nil }
    }

    package var script: ScriptPeer? {
        if case .script(let peer) = self { peer } else { nil }
    }
}
