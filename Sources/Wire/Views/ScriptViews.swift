/// A Processing's labels: the answer to every change of them.
package struct LabelsView: Sendable, Hashable, Codable {
    package var labels: [String: String]

    package init(labels: [String: String]) { self.labels = labels }
}

/// A figure that an attempt reported.
package struct MetricView: Sendable, Hashable, Codable {
    package var name: String
    package var value: Double
    package var unit: String?
    /// When it was last reported.
    package var at: Timestamp

    package init(name: String, value: Double, unit: String?, at: Timestamp) {
        self.name = name
        self.value = value
        self.unit = unit
        self.at = at
    }
}

/// A figure among a Task's: `GET /tasks/{name}/metrics`
package struct MetricPointView: Sendable, Hashable, Codable {
    package var processing: Int64
    package var script: String
    package var attempt: Int
    package var name: String
    package var value: Double
    package var unit: String?
    package var at: Timestamp

    package init(
        processing: Int64, script: String, attempt: Int, name: String, value: Double, unit: String?, at: Timestamp
    ) {
        self.processing = processing
        self.script = script
        self.attempt = attempt
        self.name = name
        self.value = value
        self.unit = unit
        self.at = at
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case processing, script, attempt, name, value, unit, at
    }
}

/// When a Script is run again: `POST /self/again`
package struct AgainView: Sendable, Hashable, Codable {
    package var at: Timestamp

    package init(at: Timestamp) { self.at = at }
}

/// How long an attempt may run: `POST /self/reserve`
package struct WallTimeView: Sendable, Hashable, Codable {
    /// From its start.
    package var wallMilliseconds: Int64
    /// When it is ended.
    package var deadline: Timestamp

    package init(wallMilliseconds: Int64, deadline: Timestamp) {
        self.wallMilliseconds = wallMilliseconds
        self.deadline = deadline
    }

    enum CodingKeys: String, CodingKey {
        case wallMilliseconds = "wall_milliseconds"
        case deadline
    }
}
