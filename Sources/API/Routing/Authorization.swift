import Configuration
import Launcher

/// Whether a caller may use a route. Pure, so that the whole matrix can be tested.
package enum Authorization {
    /// - Parameters:
    ///   - task: the Task that the request's target belongs to, when it has one.
    ///   - narrows: see `Route.narrows`.
    /// - Returns: why not, as a sentence; nil when it may.
    package static func refusal(
        of caller: Caller, access: Access, task: String?, narrows: Bool = false
    ) -> String? {
        switch (caller, access) {
        // The handler looks at the partner's token.
        case (_, .anyone), (_, .partner): return nil
        case (.stranger(let uid), _):
            return "Uid \(uid) is neither root nor in the group altp, and no running Script's."
        case (.anonymous(hasToken: false), _):
            return "This takes a token: Authorization: Bearer TOKEN. altp token create makes one."
        case (.anonymous(hasToken: true), _): return "The token is not valid."
        case (.user, .script), (.token, .script): return "This is for a Script inside its sandbox, about itself."
        case (.user(let name, let role), .role(let needed, _)):
            return role >= needed ? nil : "\(name) has the role \(role), and this needs \(needed)."
        case (.token(let token), .role(let needed, let script)):
            guard token.role >= needed else {
                return "The token \(token.name) has the role \(token.role), and this needs \(needed)."
            }
            guard let tasks = token.tasks else { return nil }
            if let task { return tasks.contains(task) ? nil : beyond(token) }
            return narrows || script == .task
                ? nil : "The token \(token.name) is for some Tasks, and this is the host's."
        case (.script(let peer), .script(let control)):
            return peer.control >= control ? nil : insufficient(peer.reference, peer.control.rawValue, control.rawValue)
        case (.script(let peer), .role(_, script: nil)):
            return "\(peer.reference) is a Script, and this is for people."
        case (.script(let peer), .role(_, script: let control?)):
            guard peer.control >= control else {
                return insufficient(peer.reference, peer.control.rawValue, control.rawValue)
            }
            guard control == .task, peer.control == .task, let task, task != peer.task else { return nil }
            return "\(peer.reference) may steer its own Task \(peer.task), and this belongs to \(task)."
        }
    }

    /// It does not tell which Task that is.
    static func beyond(_ token: TokenPeer) -> String {
        let tasks = (token.tasks ?? []).sorted()
        return "The token \(token.name) is for \(tasks.joined(separator: ", ")), and this belongs to another Task."
    }

    private static func insufficient(_ reference: String, _ control: String, _ needed: String) -> String {
        "\(reference) has control: \(control) by its policy, and this needs control: \(needed)."
    }
}
