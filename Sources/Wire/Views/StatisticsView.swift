/// What was counted: `GET /statistics`
package struct StatisticsView: Sendable, Hashable, Codable {
    /// One Task's whole Processings since the store was made.
    package struct Task: Sendable, Hashable, Codable {
        package var task: String
        package var waiting: Int
        package var running: Int
        /// Ended Processings by outcome name.
        package var ended: [String: Int]
        /// Start to end of the ended ones; absent when none has ended.
        package var meanMilliseconds: Int64?

        package init(task: String, waiting: Int, running: Int, ended: [String: Int], meanMilliseconds: Int64?) {
            self.task = task
            self.waiting = waiting
            self.running = running
            self.ended = ended
            self.meanMilliseconds = meanMilliseconds
        }

        enum CodingKeys: String, CodingKey {
            case task, waiting, running, ended
            case meanMilliseconds = "mean_milliseconds"
        }
    }

    package var tasks: [Task]
    /// What `groups` counts: `processings`, or `attempts` where Scripts were asked for.
    package var counted: String
    /// The first and the last day that is counted (UTC), `2026-11-24`; absent when nothing has ended.
    package var since: String?
    package var until: String?
    /// The percentiles are at most this part away from a value that occurred.
    package var relativeError: Double
    package var groups: [StatisticsGroupView]

    package init(
        tasks: [Task], counted: String, since: String?, until: String?, relativeError: Double,
        groups: [StatisticsGroupView]
    ) {
        self.tasks = tasks
        self.counted = counted
        self.since = since
        self.until = until
        self.relativeError = relativeError
        self.groups = groups
    }

    enum CodingKeys: String, CodingKey {
        case tasks, counted, since, until, groups
        case relativeError = "relative_error"
    }
}

/// What ended under one combination of the keys that were asked for.
package struct StatisticsGroupView: Sendable, Hashable, Codable {
    /// Those that the statistics are put together by; absent for the others.
    package var task: String?
    package var script: String?
    /// UTC, `2026-11-24`.
    package var day: String?
    package var outcome: String?
    package var count: Int64
    /// The counts by outcome.
    package var outcomes: [String: Int64]
    /// 0 to 1, of those that were not cancelled; absent when all were.
    package var successRate: Double?
    /// How many ended an hour, over the days asked for.
    package var perHour: Double
    /// Milliseconds from start to end.
    package var duration: DistributionView?
    /// Bytes; of attempts alone.
    package var memoryPeak: DistributionView?
    /// Milliseconds from when it could have started to its start.
    package var queueWait: DistributionView?
    /// Processor time of all together; of attempts alone.
    package var cpuMilliseconds: Int64?
    /// The most that one added to the disk, in bytes; where a policy limits it.
    package var diskPeak: Int64?

    package init(
        task: String?, script: String?, day: String?, outcome: String?, count: Int64, outcomes: [String: Int64],
        successRate: Double?, perHour: Double, duration: DistributionView?, memoryPeak: DistributionView?,
        queueWait: DistributionView?, cpuMilliseconds: Int64?, diskPeak: Int64?
    ) {
        self.task = task
        self.script = script
        self.day = day
        self.outcome = outcome
        self.count = count
        self.outcomes = outcomes
        self.successRate = successRate
        self.perHour = perHour
        self.duration = duration
        self.memoryPeak = memoryPeak
        self.queueWait = queueWait
        self.cpuMilliseconds = cpuMilliseconds
        self.diskPeak = diskPeak
    }

    enum CodingKeys: String, CodingKey {
        case task, script, day, outcome, count, outcomes, duration
        case successRate = "success_rate"
        case perHour = "per_hour"
        case memoryPeak = "memory_peak"
        case queueWait = "queue_wait"
        case cpuMilliseconds = "cpu_milliseconds"
        case diskPeak = "disk_peak"
    }
}

/// How values are spread. `mean` and `max` are exact, the percentiles within the answer's `relative_error`.
package struct DistributionView: Sendable, Hashable, Codable {
    package var count: Int64
    package var mean: Int64
    package var p50: Int64
    package var p90: Int64
    package var p99: Int64
    package var max: Int64

    package init(count: Int64, mean: Int64, p50: Int64, p90: Int64, p99: Int64, max: Int64) {
        self.count = count
        self.mean = mean
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.max = max
    }
}
