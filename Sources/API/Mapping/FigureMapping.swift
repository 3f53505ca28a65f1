import Store
import Wire

extension StatisticsGroupView {
    /// - Parameter hours: what has passed of the days that are counted.
    init(_ group: StatisticsGroup, hours: Double) {
        let tally = group.tally
        let tried = tally.count - (group.outcomes["cancelled"] ?? 0)
        let isOfAttempts = !tally.memory.isEmpty || tally.cpuMilliseconds > 0
        self.init(
            task: group.name.task, script: group.name.script, day: group.name.day.map(APIService.text(ofDay:)),
            outcome: group.name.outcome, count: tally.count, outcomes: group.outcomes,
            successRate: tried > 0 ? rounded(Double(group.outcomes["success"] ?? 0) / Double(tried)) : nil,
            perHour: rounded(Double(tally.count) / hours), duration: DistributionView(tally.durations),
            memoryPeak: DistributionView(tally.memory), queueWait: DistributionView(tally.waits),
            cpuMilliseconds: isOfAttempts ? tally.cpuMilliseconds : nil, diskPeak: tally.diskPeak)
    }
}

/// To four places: the rest says nothing.
private func rounded(_ number: Double) -> Double { (number * 10_000).rounded() / 10_000 }

extension DistributionView {
    /// nil of nothing.
    init?(_ histogram: Histogram) {
        guard let mean = histogram.mean, let p50 = histogram.quantile(0.5), let p90 = histogram.quantile(0.9),
            let p99 = histogram.quantile(0.99)
        else { return nil }
        self.init(count: histogram.count, mean: mean, p50: p50, p90: p90, p99: p99, max: histogram.max)
    }
}

extension CauseView {
    init(_ record: CauseRecord) {
        self.init(
            fingerprint: record.fingerprint, task: record.task, script: record.script, outcome: record.outcome,
            pattern: record.pattern, sample: record.sample, processings: record.processings, attempts: record.attempts,
            firstSeen: Timestamp(milliseconds: record.firstSeen), lastSeen: Timestamp(milliseconds: record.lastSeen))
    }
}
