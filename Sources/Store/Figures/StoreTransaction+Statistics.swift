extension StoreTransaction {
    static let millisecondsOfDay: Int64 = 86_400_000

    /// Counts an end, in its day (UTC) and in all.
    package func count(_ sample: EndedSample) throws(StoreError) {
        let key: [Value] = [.text(sample.task), .text(sample.script), .text(sample.outcome)]
        try add(sample, "statistic_total", ["task", "script", "outcome"], key)
        let day = (Double(sample.at) / Double(Self.millisecondsOfDay)).rounded(.down)
        try add(sample, "statistic", ["task", "script", "outcome", "day"], key + [.integer(Int64(day))])
    }

    private func add(
        _ sample: EndedSample, _ table: String, _ columns: [String], _ key: [Value]
    ) throws(StoreError) {
        let condition = columns.map { "\($0) = ?" }.joined(separator: " AND ")
        var tally =
            try connection.all("SELECT \(Tally.columns) FROM \(table) WHERE \(condition)", key) { Tally($0) }.first
            ?? Tally()
        tally.add(sample)
        let names = columns.joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        _ = try connection.all(
            """
            INSERT OR REPLACE INTO \(table) (\(names), \(Tally.columns)) VALUES (\(places), ?, ?, ?, ?, ?, ?, ?)
            """, key + tally.values
        ) { _ in () }
    }
}
