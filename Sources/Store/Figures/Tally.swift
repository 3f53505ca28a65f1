/// What is counted of one end: an attempt's, or a whole Processing's.
package struct EndedSample: Sendable, Hashable {
    package var task: String
    /// Empty for a whole Processing.
    package var script: String
    package var outcome: String
    /// When it ended, milliseconds since the epoch.
    package var at: Int64
    package var milliseconds: Int64
    /// From when it could have started to its start; nil when that is not known.
    package var wait: Int64?
    /// The rest is nil where the kernel does not say.
    package var cpuMilliseconds: Int64?
    /// In bytes, as is the disk's.
    package var memoryPeak: Int64?
    package var diskPeak: Int64?

    package init(
        task: String, script: String, outcome: String, at: Int64, milliseconds: Int64, wait: Int64? = nil,
        cpuMilliseconds: Int64? = nil, memoryPeak: Int64? = nil, diskPeak: Int64? = nil
    ) {
        self.task = task
        self.script = script
        self.outcome = outcome
        self.at = at
        self.milliseconds = milliseconds
        self.wait = wait
        self.cpuMilliseconds = cpuMilliseconds
        self.memoryPeak = memoryPeak
        self.diskPeak = diskPeak
    }
}

/// What was counted of many ends. Adding two gives that of both.
package struct Tally: Sendable, Hashable {
    package private(set) var count: Int64 = 0
    /// Sum of the durations; of rows of former versions too, which have no distribution.
    package private(set) var milliseconds: Int64 = 0
    package private(set) var durations = Histogram()
    /// Peaks in bytes.
    package private(set) var memory = Histogram()
    package private(set) var waits = Histogram()
    package private(set) var cpuMilliseconds: Int64 = 0
    package private(set) var diskPeak: Int64?

    package init() {}

    package mutating func add(_ sample: EndedSample) {
        count += 1
        milliseconds &+= max(0, sample.milliseconds)
        durations.record(sample.milliseconds)
        if let peak = sample.memoryPeak { memory.record(peak) }
        if let wait = sample.wait { waits.record(wait) }
        cpuMilliseconds &+= max(0, sample.cpuMilliseconds ?? 0)
        take(diskPeak: sample.diskPeak)
    }

    package mutating func merge(_ other: Tally) {
        count += other.count
        milliseconds &+= other.milliseconds
        durations.merge(other.durations)
        memory.merge(other.memory)
        waits.merge(other.waits)
        cpuMilliseconds &+= other.cpuMilliseconds
        take(diskPeak: other.diskPeak)
    }

    private mutating func take(diskPeak peak: Int64?) {
        guard let peak else { return }
        diskPeak = max(diskPeak ?? 0, peak)
    }
}

extension Tally {
    static let columns = "count, milliseconds, durations, memory, waits, cpu_milliseconds, disk_peak"

    /// From the columns that begin at `first`. A distribution that cannot be read begins anew: an attempt's end must not fail
    /// of its statistics.
    init(_ row: Row, from first: Int32 = 0) {
        func histogram(_ column: Int32) -> Histogram {
            row.withBytes(first + column) { $0.isEmpty ? Histogram() : Histogram(encoded: $0) ?? Histogram() }
        }
        count = row.integer(first)
        milliseconds = row.integer(first + 1)
        durations = histogram(2)
        memory = histogram(3)
        waits = histogram(4)
        cpuMilliseconds = row.integer(first + 5)
        diskPeak = row.optionalInteger(first + 6)
    }

    var values: [Value] {
        func bytes(_ histogram: Histogram) -> Value { histogram.isEmpty ? .null : .blob(histogram.encoded) }
        return [
            .integer(count), .integer(milliseconds), bytes(durations), bytes(memory), bytes(waits),
            .integer(cpuMilliseconds), .optional(diskPeak),
        ]
    }
}
