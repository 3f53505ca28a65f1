/// The JSON object that a request carries. `fields` are all that it may have, so that a mistyped one is found.
package protocol RequestBody: Codable, Sendable {
    static var fields: [String] { get }
}

/// `POST /events`
package struct SendEvent: RequestBody, Hashable {
    package var type: String
    /// The deduplication key: unique within the type, unless `force` is set.
    package var key: String
    package var params: [String: ParameterValue]?
    /// Send it again although an Event of this type and key was there already.
    package var force: Bool?

    package init(type: String, key: String, params: [String: ParameterValue]? = nil, force: Bool? = nil) {
        self.type = type
        self.key = key
        self.params = params
        self.force = force
    }

    package static let fields = ["type", "key", "params", "force"]
}

/// `POST /tasks/{name}/trigger`
package struct TriggerTask: RequestBody, Hashable {
    package var params: [String: ParameterValue]?

    package init(params: [String: ParameterValue]? = nil) { self.params = params }

    package static let fields = ["params"]
}

/// `POST /tasks/{name}/pause` and `POST /self/pause-task`
package struct PauseTask: RequestBody, Hashable {
    package var reason: String?

    package init(reason: String? = nil) { self.reason = reason }

    package static let fields = ["reason"]
}

/// `POST /processings/{id}/rerun`
package struct RerunProcessing: RequestBody, Hashable {
    /// The Script to begin with; the first when absent.
    package var from: String?
    /// Use today's definition and scripts, not those that were there when the Processing was created.
    package var current: Bool?

    package init(from: String? = nil, current: Bool? = nil) {
        self.from = from
        self.current = current
    }

    package static let fields = ["from", "current"]
}

/// `POST /self/progress`: at least one of the two.
package struct ReportProgress: RequestBody, Hashable {
    /// 0 to 100.
    package var percent: Double?
    /// One line.
    package var text: String?

    package init(percent: Double? = nil, text: String? = nil) {
        self.percent = percent
        self.text = text
    }

    package static let fields = ["percent", "text"]
}

/// `POST /self/end`
package struct EndSelf: RequestBody, Hashable {
    package enum Ending: String, Sendable, Hashable, Codable, CaseIterable {
        case success
        case soft
        case hard

        package init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let value = Ending(rawValue: text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "success, soft or hard"))
            }
            self = value
        }
    }

    package var outcome: Ending
    /// Needed for `soft` and `hard`.
    package var reason: String?

    package init(outcome: Ending, reason: String? = nil) {
        self.outcome = outcome
        self.reason = reason
    }

    package static let fields = ["outcome", "reason"]
}

/// `POST /host/stop`
package struct StopHost: RequestBody, Hashable {
    /// End the running Scripts too, and wait for them; otherwise they go on and the next start adopts them.
    package var stopScripts: Bool?

    package init(stopScripts: Bool? = nil) { self.stopScripts = stopScripts }

    package static let fields = ["stop_scripts"]

    enum CodingKeys: String, CodingKey {
        case stopScripts = "stop_scripts"
    }
}

/// The body of actions that take nothing: absent, or an empty object.
package struct NoInput: RequestBody, Hashable {
    package init() {}

    package static let fields: [String] = []
}

/// `POST /processings/{id}/skip`
package struct SkipScript: RequestBody, Hashable {
    /// The one that the Processing is at or failed at.
    package var script: String

    package init(script: String) { self.script = script }

    package static let fields = ["script"]
}

/// `POST /processings/{id}/pin`
package struct PinProcessing: RequestBody, Hashable {
    /// Shown to whoever wonders why it is still there.
    package var reason: String?

    package init(reason: String? = nil) { self.reason = reason }

    package static let fields = ["reason"]
}

/// `POST /host/gc`
package struct CollectGarbage: RequestBody, Hashable {
    /// Remove until so many bytes are free; only what is due and what `keep_free` asks for when absent.
    package var free: Int64?
    /// Only say what would go.
    package var dryRun: Bool?

    package init(free: Int64? = nil, dryRun: Bool? = nil) {
        self.free = free
        self.dryRun = dryRun
    }

    enum CodingKeys: String, CodingKey {
        case free
        case dryRun = "dry_run"
    }

    package static let fields = ["free", "dry_run"]
}
