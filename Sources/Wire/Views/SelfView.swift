/// What a Script learns about itself: `GET /self`
package struct SelfView: Sendable, Hashable, Codable {
    package var reference: Reference
    package var processing: Int64
    package var task: String
    package var script: String
    package var attempt: Int
    /// What its policy lets it steer: `self`, `task` or `host`.
    package var control: String
    package var event: Int64?
    package var params: [String: ParameterValue]
    /// The Processing's.
    package var labels: [String: String]
    /// How long it may run.
    package var wallTime: WallTimeView?

    package init(
        reference: Reference, processing: Int64, task: String, script: String, attempt: Int, control: String,
        event: Int64?, params: [String: ParameterValue], labels: [String: String] = [:], wallTime: WallTimeView? = nil
    ) {
        self.reference = reference
        self.processing = processing
        self.task = task
        self.script = script
        self.attempt = attempt
        self.control = control
        self.event = event
        self.params = params
        self.labels = labels
        self.wallTime = wallTime
    }

    enum CodingKeys: String, CodingKey {
        case reference, processing, task, script, attempt, control, event, params, labels
        case wallTime = "wall_time"
    }
}
