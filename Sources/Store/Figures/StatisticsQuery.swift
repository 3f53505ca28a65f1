/// Which statistics are asked for, and how they are put together.
package struct StatisticsQuery: Sendable, Hashable {
    package enum Key: String, Sendable, Hashable, CaseIterable {
        case task, script, day, outcome
    }

    /// Empty for all.
    package var tasks: Set<String> = []
    /// Empty for all; whole Processings are asked for unless `script` is here or among the keys.
    package var scripts: Set<String> = []
    /// Days since the epoch, UTC, both included.
    package var since: Int64?
    package var until: Int64?
    package var by: Set<Key> = []

    package init() {}

    /// Attempts are counted, not whole Processings.
    package var isOfAttempts: Bool { !scripts.isEmpty || by.contains(.script) }
    var needsDays: Bool { since != nil || until != nil || by.contains(.day) }
}

/// What was counted under one combination of the keys; those that were not asked for are nil.
package struct StatisticsGroup: Sendable, Hashable {
    package struct Name: Sendable, Hashable {
        package var task: String?
        package var script: String?
        package var day: Int64?
        package var outcome: String?

        package init(task: String? = nil, script: String? = nil, day: Int64? = nil, outcome: String? = nil) {
            self.task = task
            self.script = script
            self.day = day
            self.outcome = outcome
        }
    }

    package var name: Name
    package var tally: Tally
    package var outcomes: [String: Int64]
}

/// What the store has counted of a Task's Script, or with an empty `script` of its Processings, since it was made.
package struct StatisticsTotal: Sendable, Hashable {
    package var task: String
    package var script: String
    package var outcome: String
    package var tally: Tally

    package init(task: String, script: String, outcome: String, tally: Tally) {
        self.task = task
        self.script = script
        self.outcome = outcome
        self.tally = tally
    }
}

extension Store {
    /// Ordered by Task, Script, day and outcome. At most `limit` groups are put together: nil when there are more.
    package func statistics(
        _ query: StatisticsQuery, limit: Int
    ) async throws(StoreError) -> [StatisticsGroup]? {
        var conditions = [query.isOfAttempts ? "script <> ''" : "script = ''"]
        var values: [Value] = []
        func add(_ column: String, _ names: Set<String>) {
            guard !names.isEmpty else { return }
            conditions.append("\(column) IN (\(names.map { _ in "?" }.joined(separator: ", ")))")
            values += names.sorted().map(Value.text)
        }
        add("task", query.tasks)
        add("script", query.scripts)
        if let since = query.since {
            conditions.append("day >= ?")
            values.append(.integer(since))
        }
        if let until = query.until {
            conditions.append("day <= ?")
            values.append(.integer(until))
        }
        let table = query.needsDays ? "statistic" : "statistic_total"
        let day = query.needsDays ? "day" : "0"
        let sql = """
            SELECT task, script, \(day), outcome, \(Tally.columns) FROM \(table) \
            WHERE \(conditions.joined(separator: " AND "))
            """
        let bound = values
        return try await read { connection throws(StoreError) in
            var groups: [StatisticsGroup.Name: StatisticsGroup] = [:]
            _ = try connection.all(sql, bound) { row in
                let outcome = row.text(3)
                let name = StatisticsGroup.Name(
                    task: query.by.contains(.task) ? row.text(0) : nil,
                    script: query.by.contains(.script) ? row.text(1) : nil,
                    day: query.by.contains(.day) ? row.integer(2) : nil,
                    outcome: query.by.contains(.outcome) ? outcome : nil)
                guard groups.count <= limit || groups[name] != nil else { return }
                let tally = Tally(row, from: 4)
                var group = groups[name] ?? StatisticsGroup(name: name, tally: Tally(), outcomes: [:])
                group.tally.merge(tally)
                group.outcomes[outcome, default: 0] += tally.count
                groups[name] = group
            }
            guard groups.count <= limit else { return nil }
            return groups.values.sorted { $0.name < $1.name }
        }
    }

    /// All that was counted since the store was made.
    package func totals() async throws(StoreError) -> [StatisticsTotal] {
        try await read { connection throws(StoreError) in
            try connection.all("SELECT task, script, outcome, \(Tally.columns) FROM statistic_total") {
                StatisticsTotal(task: $0.text(0), script: $0.text(1), outcome: $0.text(2), tally: Tally($0, from: 3))
            }
        }
    }

    /// The first day of which there are statistics; nil when there are none.
    package func firstDay() async throws(StoreError) -> Int64? {
        try await read { connection throws(StoreError) in
            try connection.first("SELECT min(day) FROM statistic") { $0.optionalInteger(0) } ?? nil
        }
    }
}

extension StatisticsGroup.Name: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        func key(_ name: Self) -> (String, String, Int64, String) {
            (name.task ?? "", name.script ?? "", name.day ?? 0, name.outcome ?? "")
        }
        return key(left) < key(right)
    }
}
