import Configuration
import Launcher

/// Whether a caller may use a route. Pure, so that the whole matrix can be tested.
package enum Authorization {
    /// - Parameter task: the Task that the request's target belongs to, when it has one.
    /// - Returns: why not, as a sentence; nil when it may.
    package static func refusal(of caller: Caller, access: Access, task: String?) -> String? {
        switch (caller, access) {
        case (_, .anyone): return nil
        case (.stranger(let uid), _):
            return "Uid \(uid) is neither root nor in the group altp, and no running Script's."
        case (.user, .script): return "This is for a Script inside its sandbox, about itself."
        case (.user(let name, let role), .role(let needed, _)):
            return role >= needed ? nil : "\(name) has the role \(role), and this needs \(needed)."
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

    private static func insufficient(_ reference: String, _ control: String, _ needed: String) -> String {
        "\(reference) has control: \(control) by its policy, and this needs control: \(needed)."
    }
}
