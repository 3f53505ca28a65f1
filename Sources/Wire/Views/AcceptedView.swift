/// The answer to actions that have nothing to show: `{"accepted": true}`.
package struct AcceptedView: Sendable, Hashable, Codable {
    package var accepted: Bool

    package init(accepted: Bool = true) { self.accepted = accepted }
}
