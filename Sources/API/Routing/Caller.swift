import Configuration
package import Launcher

/// Who asks, as the kernel's word, the Launcher's knowledge of its sandboxes, and tokens make it.
package enum Caller: Sendable, Hashable {
    /// A user of the host.
    case user(name: String, role: Role)
    /// Whoever has a token.
    case token(TokenPeer)
    /// A Script that runs in a sandbox.
    case script(ScriptPeer)
    /// Neither of the group nor a running Script.
    case stranger(uid: UInt32)
    /// Over TCP, without a valid token.
    case anonymous(hasToken: Bool)

    /// How the history names it: `cli:root`, `token:ci`, `script:42/discover#1`.
    package var source: String {
        switch self {
        case .user(let name, _): "cli:\(name)"
        case .token(let token): "token:\(token.name)"
        case .script(let peer): "script:\(peer.reference)"
        case .stranger(let uid): "uid:\(uid)"
        case .anonymous: "nobody"
        }
    }

    /// The host's own root, by the kernel's word.
    package var isRoot: Bool { self == .user(name: "root", role: .admin) }

    /// Of people: nil for a Script, which has none.
    package var role: Role? {
        switch self {
        case .user(_, let role): role
        case .token(let token): token.role
        case .script, .stranger, .anonymous: nil
        }
    }

    /// The Tasks whose things it sees; nil for all. Lists are narrowed to them.
    package var visibleTasks: Set<String>? {
        switch self {
        case .user: nil
        case .token(let token): token.tasks
        case .script(let peer): peer.control < .host ? [peer.task] : nil
        case .stranger, .anonymous: []
        }
    }

    package var script: ScriptPeer? {
        if case .script(let peer) = self { peer } else { nil }
    }
}

/// A token's holder.
package struct TokenPeer: Sendable, Hashable {
    package var id: String
    package var name: String
    package var role: Role
    /// The Tasks that it is for; nil for all, and the host itself.
    package var tasks: Set<String>?

    package init(id: String, name: String, role: Role, tasks: Set<String>?) {
        self.id = id
        self.name = name
        self.role = role
        self.tasks = tasks
    }
}

extension Role {
    package var name: String {
        switch self {
        case .viewer: "viewer"
        case .operator: "operator"
        case .admin: "admin"
        }
    }

    package init?(name: String) {
        guard let role = Role.allCases.first(where: { $0.name == name }) else { return nil }
        self = role
    }
}
