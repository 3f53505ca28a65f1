import Configuration
import Launcher
import Store
import Wire

/// All that `GET /metrics` is made of.
struct Measurements {
    var launcher: LauncherFigures
    var totals: [StatisticsTotal]
    var causes: CausePage
    var commits: Histogram
    var commitFailures: Int
    var storeBytes: [(file: String, bytes: Int64)]
    var requests: RequestMeters.Figures
    var process: ProcessFigures
}

extension MetricsPage {
    init(_ all: Measurements) {
        self.init()
        gauge("altp_build_info", "The version of alt-processing.", [([("version", ProductVersion.current)], 1)])
        gauge(
            "altp_start_time_seconds", "When the Launcher was ready, since the epoch.",
            Double(all.launcher.startedAt) / 1000)
        addTasks(all.launcher)
        addQueue(all.launcher)
        addTotals(all)
        addHost(all.launcher)
        addStore(all)
        addRequests(all.requests)
        addProcess(all.process)
    }

    private mutating func addTasks(_ figures: LauncherFigures) {
        gauge("altp_tasks", "Tasks that the Launcher knows.", Double(figures.tasks.count))
        gauge(
            "altp_task_paused", "Whether the Task is paused.",
            figures.tasks.map { ([("task", $0.name)], $0.isPaused ? 1 : 0) })
        gauge(
            "altp_task_broken", "Whether the Task's files have a problem; the last good definition is in force.",
            figures.tasks.map { ([("task", $0.name)], $0.isBroken ? 1 : 0) })
        gauge(
            "altp_processings", "Processings that have not ended, by Task and status.",
            figures.tasks.flatMap { task in
                [
                    ([("task", task.name), ("status", "waiting")], Double(task.waiting)),
                    ([("task", task.name), ("status", "running")], Double(task.running)),
                ]
            })
        gauge(
            "altp_attempts_running", "Attempts that run in a sandbox, by Task.",
            figures.tasks.map { ([("task", $0.name)], Double($0.attempts)) })
    }

    private mutating func addQueue(_ figures: LauncherFigures) {
        gauge(
            "altp_attempts_queued",
            "Attempts that wait, by the first thing that each waits for. pool is empty but for the reason pool.",
            figures.queued.sorted { ($0.key.name, $0.key.pool) < ($1.key.name, $1.key.pool) }.map {
                ([("reason", $0.key.name), ("pool", $0.key.pool)], Double($0.value))
            })
        histogram(
            "altp_scheduling_latency_seconds",
            "From a Processing's creation to the start of its first Script's sandbox.",
            .microseconds, [([], figures.schedulingLatency)])
        histogram(
            "altp_sandbox_start_duration_seconds", "From an attempt's admission to the start of its sandbox.",
            .microseconds, [([], figures.sandboxStarts)])
    }

    /// Of what the configuration names today: what was removed from it would stay for ever.
    private mutating func addTotals(_ all: Measurements) {
        var found: [String: StatisticsTotal] = [:]
        for total in all.totals { found["\(total.task)/\(total.script)/\(total.outcome)"] = total }
        // Those that have not occurred are zero: else their first increase would be none.
        func totals(_ task: String, _ script: String) -> [StatisticsTotal] {
            OutcomeKind.allCases.map { outcome in
                found["\(task)/\(script)/\(outcome.rawValue)"]
                    ?? StatisticsTotal(task: task, script: script, outcome: outcome.rawValue, tally: Tally())
            }
        }
        let processings = all.launcher.tasks.flatMap { totals($0.name, "") }
        let attempts = all.launcher.tasks.flatMap { task in task.scripts.flatMap { totals(task.name, $0) } }
        counter(
            "altp_processings_ended_total", "Processings that have ended, by Task and outcome.",
            processings.map { ([("task", $0.task), ("outcome", $0.outcome)], Double($0.tally.count)) })
        counter(
            "altp_attempts_ended_total", "Attempts that have ended, by Task, Script and outcome.",
            attempts.map {
                ([("task", $0.task), ("script", $0.script), ("outcome", $0.outcome)], Double($0.tally.count))
            })
        // A distribution of nothing would be twenty lines for each Script that never ran.
        let ofTasks = Self.merged(processings) { [("task", $0.task)] }.filter { $0.1.count > 0 }
        let ofScripts = Self.merged(attempts) { [("task", $0.task), ("script", $0.script)] }.filter { $0.1.count > 0 }
        histogram(
            "altp_processing_duration_seconds", "From a Processing's start to its end.", .milliseconds,
            ofTasks.map { ($0, $1.durations) })
        histogram(
            "altp_processing_queue_wait_seconds", "From a Processing's creation to its start.", .milliseconds,
            ofTasks.map { ($0, $1.waits) })
        histogram(
            "altp_attempt_duration_seconds", "How long attempts ran.", .milliseconds,
            ofScripts.map { ($0, $1.durations) })
        histogram(
            "altp_attempt_queue_wait_seconds", "From when attempts could have started to their start.", .milliseconds,
            ofScripts.map { ($0, $1.waits) })
        histogram(
            "altp_attempt_memory_peak_bytes", "The most memory that attempts had.", .bytes,
            ofScripts.map { ($0, $1.memory) })
        counter(
            "altp_attempt_cpu_seconds_total", "Processor time of attempts that have ended.",
            ofScripts.map { ($0, Double($1.cpuMilliseconds) / 1000) })
        counter(
            "altp_failure_causes_total", "Distinct causes of failures that were ever seen.",
            Double(all.causes.causeCount))
    }

    /// Over the outcomes, which follow each other.
    private static func merged(
        _ totals: [StatisticsTotal], _ labels: (StatisticsTotal) -> [(String, String)]
    ) -> [([(String, String)], Tally)] {
        var result: [([(String, String)], Tally)] = []
        var last: StatisticsTotal?
        for total in totals {
            if let last, last.task == total.task, last.script == total.script {
                result[result.count - 1].1.merge(total.tally)
            } else {
                result.append((labels(total), total.tally))
            }
            last = total
        }
        return result
    }

    private mutating func addHost(_ figures: LauncherFigures) {
        let disk = figures.disk
        gauge("altp_disk_total_bytes", "Size of the state folder's file system.", Double(disk.volume.total))
        gauge("altp_disk_free_bytes", "What is free on it.", Double(disk.volume.free))
        gauge("altp_disk_keep_free_bytes", "What keep_free wants to stay free.", Double(disk.guaranteed))
        gauge("altp_disk_reserved_bytes", "What running Scripts may still add.", Double(disk.outstanding))
        gauge(
            "altp_disk_available_bytes", "What may be promised to Scripts; less than 0 is owed.", Double(disk.available)
        )
        gauge("altp_disk_preserved_bytes", "What ended Processings' directories hold.", Double(figures.preservedBytes))
        gauge(
            "altp_disk_short", "Whether the disk is short and nothing more may be removed.",
            figures.isShortOfDisk ? 1 : 0)
        gauge(
            "altp_preserved_processings", "Ended Processings whose directories are there.", Double(figures.preserved))
        gauge("altp_pool_size", "Places in the pool.", figures.pools.map { ([("pool", $0.name)], Double($0.size)) })
        gauge(
            "altp_pool_used", "Places of the pool that running attempts hold.",
            figures.pools.map { ([("pool", $0.name)], Double($0.used)) })
        let (capacity, used) = (figures.capacity, figures.used)
        gauge("altp_cpu_capacity_cores", "Cores that are handed out to Scripts.", Double(capacity[.cpu]) / 1000)
        gauge("altp_cpu_used_cores", "Cores that running attempts hold.", Double(used[.cpu]) / 1000)
        gauge("altp_memory_capacity_bytes", "Memory that is handed out to Scripts.", Double(capacity[.memory]))
        gauge("altp_memory_used_bytes", "Memory that running attempts may have.", Double(used[.memory]))
        gauge("altp_uid_blocks_capacity", "Blocks of uids; each Processing holds one.", Double(capacity[.uidBlocks]))
        gauge("altp_uid_blocks_used", "Blocks of uids that are held.", Double(used[.uidBlocks]))
        gauge("altp_sessions_open", "People inside of sandboxes.", Double(figures.sessions))
    }

    private mutating func addStore(_ all: Measurements) {
        histogram(
            "altp_store_commit_duration_seconds", "How long groups of changes took to be on the disk.", .microseconds,
            [([], all.commits)])
        counter(
            "altp_store_commit_failures_total", "Groups of changes that could not be committed.",
            Double(all.commitFailures))
        gauge(
            "altp_store_size_bytes", "Size of the database and of its log.",
            all.storeBytes.map { ([("file", $0.file)], Double($0.bytes)) })
    }

    private mutating func addRequests(_ requests: RequestMeters.Figures) {
        let answers = requests.answers.sorted {
            ($0.key.route.template, $0.key.route.method, $0.key.status)
                < ($1.key.route.template, $1.key.route.method, $1.key.status)
        }
        counter(
            "altp_http_requests_total", "Requests that were answered, by route, method and status.",
            answers.map { answer, count in
                (
                    [
                        ("route", answer.route.template), ("method", answer.route.method),
                        ("status", "\(answer.status)"),
                    ], Double(count)
                )
            })
        let durations = requests.durations.sorted {
            ($0.key.template, $0.key.method) < ($1.key.template, $1.key.method)
        }
        histogram(
            "altp_http_request_duration_seconds", "From a request's arrival to its answer, by route and method.",
            .microseconds,
            durations.map { ([("route", $0.key.template), ("method", $0.key.method)], $0.value) })
    }

    /// By the names that Prometheus' own libraries use.
    private mutating func addProcess(_ process: ProcessFigures) {
        if let value = process.cpuSeconds {
            counter("process_cpu_seconds_total", "Processor time of the Launcher itself.", value)
        }
        if let value = process.residentBytes {
            gauge("process_resident_memory_bytes", "Memory of the Launcher itself.", Double(value))
        }
        if let value = process.virtualBytes {
            gauge("process_virtual_memory_bytes", "Address space of the Launcher.", Double(value))
        }
        if let value = process.openDescriptors {
            gauge("process_open_fds", "Descriptors that are open.", Double(value))
        }
        if let value = process.mostDescriptors {
            gauge("process_max_fds", "Descriptors that may be open.", Double(value))
        }
        if let value = process.startSeconds {
            gauge("process_start_time_seconds", "When the process began, since the epoch.", value)
        }
    }
}
