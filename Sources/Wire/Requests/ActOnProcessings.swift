/// `POST /processings/actions`: does the same with many Processings, those of `ids` or those that `query` finds.
package struct ActOnProcessings: RequestBody, Hashable {
    package enum Action: String, Sendable, Hashable, Codable, CaseIterable {
        case rerun, cancel, skip, release, pin, unpin

        package init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let value = Action(rawValue: text) else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription: Action.allCases.map(\.rawValue).joined(separator: ", ")))
            }
            self = value
        }
    }

    package var action: Action
    package var ids: [Int64]?
    package var query: ProcessingSelection?
    /// At most this many of those that `query` finds, the oldest first.
    package var limit: Int?
    /// Of a rerun: the Script to begin with.
    package var from: String?
    /// Of a rerun: use today's definition and scripts.
    package var current: Bool?
    /// Of a skip: the Script that is taken as done.
    package var script: String?
    /// Of a pin.
    package var reason: String?
    /// Only say what would be done, and what not.
    package var dryRun: Bool?

    package init(
        action: Action, ids: [Int64]? = nil, query: ProcessingSelection? = nil, limit: Int? = nil,
        from: String? = nil, current: Bool? = nil, script: String? = nil, reason: String? = nil, dryRun: Bool? = nil
    ) {
        self.action = action
        self.ids = ids
        self.query = query
        self.limit = limit
        self.from = from
        self.current = current
        self.script = script
        self.reason = reason
        self.dryRun = dryRun
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case action, ids, query, limit, from, current, script, reason
        case dryRun = "dry_run"
    }

    package static let fields = CodingKeys.allCases.map(\.rawValue)
    /// How many Processings one request may be about.
    package static let most = 10_000
}

/// Which Processings are meant, with the filters of `GET /processings`.
package struct ProcessingSelection: Sendable, Hashable, Codable {
    package var status: [String]?
    package var outcome: [String]?
    package var task: [String]?
    package var script: [String]?
    package var event: [Int64]?
    /// Fingerprints of what they failed of.
    package var cause: [String]?
    /// `key:value`
    package var label: [String]?
    package var since: String?
    package var until: String?
    package var endedSince: String?
    package var endedUntil: String?

    package init(
        status: [String]? = nil, outcome: [String]? = nil, task: [String]? = nil, script: [String]? = nil,
        event: [Int64]? = nil, cause: [String]? = nil, label: [String]? = nil, since: String? = nil,
        until: String? = nil, endedSince: String? = nil,
        endedUntil: String? = nil
    ) {
        self.status = status
        self.outcome = outcome
        self.task = task
        self.script = script
        self.event = event
        self.cause = cause
        self.label = label
        self.since = since
        self.until = until
        self.endedSince = endedSince
        self.endedUntil = endedUntil
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case status, outcome, task, script, event, cause, label, since, until
        case endedSince = "ended_since"
        case endedUntil = "ended_until"
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// A mistyped filter would select more than was meant.
    package init(from decoder: any Decoder) throws {
        let known = CodingKeys.allCases.map(\.rawValue)
        for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
            let near = nearest(to: key.stringValue, among: known).map { "did you mean \($0)?" }
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath + [key],
                    debugDescription: "left out, it is unknown; \(near ?? "there are \(known.joined(separator: ", "))")"
                ))
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        status = try container.decodeIfPresent([String].self, forKey: .status)
        outcome = try container.decodeIfPresent([String].self, forKey: .outcome)
        task = try container.decodeIfPresent([String].self, forKey: .task)
        script = try container.decodeIfPresent([String].self, forKey: .script)
        event = try container.decodeIfPresent([Int64].self, forKey: .event)
        cause = try container.decodeIfPresent([String].self, forKey: .cause)
        label = try container.decodeIfPresent([String].self, forKey: .label)
        since = try container.decodeIfPresent(String.self, forKey: .since)
        until = try container.decodeIfPresent(String.self, forKey: .until)
        endedSince = try container.decodeIfPresent(String.self, forKey: .endedSince)
        endedUntil = try container.decodeIfPresent(String.self, forKey: .endedUntil)
    }

    /// As the list's query has them.
    package var items: [(name: String, value: String)] {
        func all(_ name: String, _ values: [String]?) -> [(String, String)] { (values ?? []).map { (name, $0) } }
        func one(_ name: String, _ value: String?) -> [(String, String)] { value.map { [(name, $0)] } ?? [] }
        return all("status", status) + all("outcome", outcome) + all("task", task) + all("script", script)
            + all("event", event?.map(String.init)) + all("cause", cause) + all("label", label) + one("since", since)
            + one("until", until)
            + one("ended_since", endedSince) + one("ended_until", endedUntil)
    }
}
