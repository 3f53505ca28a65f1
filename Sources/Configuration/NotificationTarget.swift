/// Who is told when a Processing has ended: one of `notify` in altp.yaml.
package struct NotificationTarget: Sendable, Hashable, Codable {
    package enum Channel: Sendable, Hashable, Codable {
        /// `secretFile` holds what its messages are signed with; nil for none.
        case webhook(url: String, secretFile: String?)
        /// The command gets the message on its standard input.
        case mail(command: [String], to: [String], from: String?)
    }

    package var name: String
    package var channel: Channel
    /// Of these Tasks; nil for all.
    package var tasks: Set<String>?
    /// Of these ends: names of outcomes, or `failed` for all that are no success and were not cancelled.
    package var outcomes: Set<String> = ["failed"]
    package var timeout = Timespan(seconds: 10)
    /// How long it is tried again.
    package var retryFor = Timespan(seconds: 86_400)

    package init(name: String, channel: Channel) {
        self.name = name
        self.channel = channel
    }

    /// Whether it is told of a Processing that ended with this status and outcome.
    package func wants(task: String, status: String, outcome: String) -> Bool {
        (tasks?.contains(task) ?? true) && (outcomes.contains(status) || outcomes.contains(outcome))
    }

    /// What `outcomes` may name.
    package static let ends = ["failed"] + OutcomeKind.allCases.map(\.rawValue)
}
