package import Configuration
import FoundationEssentials
import Glibc
import Linux
package import Sandbox
package import Store

/// Decides what runs when. The only place that does.
package actor Launcher {
    package nonisolated let store: Store
    /// When this daemon became ready, milliseconds since the epoch.
    package let startedAt: Int64

    /// What is told of as it happens.
    package nonisolated let signals = LiveSignals()

    let engine: SandboxEngine
    let state: StateFolder
    let content: ScriptsContent
    /// The directory of the API's socket, for sandboxes.
    let socketDirectory: String
    /// Milliseconds since the epoch.
    let now: @Sendable () -> Int64

    var folder: HostFolder
    var liveTasks: [String: LiveTask] = [:]
    var processings: [Int64: LiveProcessing] = [:]
    /// Ended Processings whose directories are still there, and when these may go.
    var kept = KeptProcessings()
    var admission: Admission
    var blocks: UIDBlocks
    /// Who is inside of what.
    var entries: [Int64: LiveEntry] = [:]
    /// Those of ended attempts that sessions share, by the attempt's reference.
    var held: [String: SharedSandbox] = [:]
    /// Processings whose directories are being read, and how often; and of these, those whose images are.
    var reading: [Int64: Int] = [:]
    var readingImages: [Int64: Int] = [:]
    /// Processings whose next attempt waits until nobody is inside of an ended one.
    var waitingForEntries: Set<Int64> = []
    var retries: [Int64: (due: Int64, attempt: Chain.Attempt)] = [:]
    var isStopping = false
    var isRecovered = false
    /// The stop ends the running Scripts too.
    var endsScripts = false
    var isAdmitting = false
    var timer: Task<Void, Never>?
    /// When it goes off, by the clock that nobody sets; nil when there is none.
    var timerDue: Int64?
    var clock: ClockWatch

    /// What took how long since the start: see `LauncherFigures`.
    nonisolated let schedulingLatency = LatencyMeter()
    nonisolated let sandboxStarts = LatencyMeter()

    // What is kept: see the folder Keeping.
    let background: BackgroundThread
    let ballast: Ballast
    /// Successes whose directories go next.
    var removalsDue: [Int64] = []
    var isRemovingTogether = false
    var disk: DiskLedger
    /// What a running Script's Processing held when it was first looked at, and at the last look.
    var diskUse: [Int64: (first: Int64, last: Int64)] = [:]
    var usageLookedAt: Int64 = 0
    var isShortOfDisk = false
    /// Of Processings that are kept or under way.
    var pins: [Int64: PinRecord] = [:]

    /// - Parameters:
    ///   - socketDirectory: where the API's socket `altp.sock` is, to be shown to sandboxes.
    ///   - now: the clock, milliseconds since the epoch.
    package init(
        folder: HostFolder, state: StateFolder, store: Store, engine: SandboxEngine, socketDirectory: String,
        now: @escaping @Sendable () -> Int64 = Launcher.systemTime
    ) throws(LauncherError) {
        self.folder = folder
        self.state = state
        self.store = store
        self.engine = engine
        self.socketDirectory = socketDirectory
        self.now = now
        content = ScriptsContent(state: state)
        startedAt = now()
        clock = ClockWatch(real: startedAt, steady: ClockWatch.steadyTime())
        blocks = UIDBlocks(folder.host.uids)
        do throws(SystemError) {
            let space = try VolumeSpace(of: state.path)
            disk = DiskLedger(
                volume: .init(total: space.total, free: space.free), keepFree: folder.host.keepFree,
                handedOut: folder.host.disk?.bytes)
            background = try BackgroundThread()
        } catch {
            throw LauncherError(.unavailable, "looking at the disk of the state folder: \(error)")
        }
        store.keepChanges(folder.host.keepChanges)
        ballast = Ballast(path: state.ballast)
        var capacity = Self.capacity(of: folder.host)
        capacity[.disk] = disk.capacity
        admission = Admission(capacity: capacity, pools: folder.host.pools)
        let findings = Self.unenforceable(folder, engine, in: state.path)
        guard findings.isEmpty else {
            throw LauncherError(
                .invalid,
                (engine.isolates
                    ? "this host cannot enforce what its Tasks ask for:\n  "
                    : "Tasks that cannot run without sandboxes:\n  ") + findings.joined(separator: "\n  "))
        }
        try state.setPassage(!engine.isolates)
    }

    package static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// What altp.yaml gives to Scripts, or all that the host has (of memory nine tenths).
    static func capacity(of host: HostConfiguration) -> Resources {
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
        return Resources(
            cpu: host.cpu ?? cores, memory: host.memory?.bytes ?? memory / 10 * 9, uidBlocks: Int(host.uids.blocks))
    }

    static func unenforceable(_ folder: HostFolder, _ engine: SandboxEngine, in state: String) -> [String] {
        folder.tasks.values.sorted { $0.name < $1.name }.flatMap { task in
            task.scripts.flatMap { script in
                obstacles(script, engine, in: state).map {
                    "\(task.name)/\(script.name), policy \(script.policy.name): \($0)"
                }
            }
        }
    }

    // MARK: Life

    /// Adopts what still runs, continues what was under way, and starts the triggers.
    package func start() async throws(LauncherError) {
        if !engine.isolates { announceBareMode() }
        let stored = try await fromStore { () async throws(StoreError) in try await self.store.tasks() }
        let records = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0) })
        for definition in folder.tasks.values {
            try install(definition, record: records[definition.name] ?? TaskRecord(name: definition.name))
        }
        try await clearSessions()
        try await recover()
        resumeKeeping()
        isRecovered = true
        admitSoon()
        await lookAtTime()
        await tell([ChangeRecord(.host, .started, at: now())])
        LauncherLog.write(
            .info, "Launcher is ready", ("tasks", "\(liveTasks.count)"), ("processings", "\(processings.count)"))
    }

    /// Makes a Task known, new or changed.
    func install(_ definition: TaskDefinition, record: TaskRecord) throws(LauncherError) {
        let text = try encode(definition)
        var ticks: Ticks?
        do {
            if let schedule = try Ticks.Schedule(definition.trigger) {
                ticks = Ticks(schedule: schedule, last: record.lastTick, now: now())
            }
        } catch {
            throw LauncherError(.invalid, "the schedule of Task \(definition.name): \(error)")
        }
        liveTasks[definition.name] = LiveTask(
            definition: definition, definitionText: text, definitionHash: SHA256.of(text), record: record, ticks: ticks)
        admission.setPaused(record.paused, task: definition.name)
        admission.setMaxRunning(definition.maxRunning, task: definition.name)
    }

    /// Stops starting Scripts; running ones go on without us, or with `stopScripts` are ended and waited for.
    package func stop(stopScripts: Bool) async {
        isStopping = true
        endsScripts = endsScripts || stopScripts
        timer?.cancel()
        await tell([ChangeRecord(.host, .stopping, at: now())])
        for entry in entries.values { entry.end?() }
        if stopScripts {
            for live in processings.values { live.sandbox?.terminate() }
        }
        // Steps under way are let finish, so that what is recorded and what runs agree.
        let deadline = ClockWatch.steadyTime() + 60_000
        while ClockWatch.steadyTime() < deadline,
            !entries.isEmpty
                || processings.values.contains(where: {
                    $0.isBusy || !$0.inbox.isEmpty || (stopScripts && $0.sandbox != nil)
                })
        {
            try? await Task.sleep(for: .milliseconds(10))
        }
        LauncherLog.write(
            .info, "Launcher stops", ("running", "\(processings.values.count { $0.sandbox != nil })"))
    }

    // MARK: Helpers

    /// Runs a store operation, its failure in terms of the Launcher.
    func fromStore<Result>(
        _ body: () async throws(StoreError) -> Result
    ) async throws(LauncherError) -> Result {
        do {
            return try await body()
        } catch {
            if error.isChange { throw LauncherError(.preconditionFailed, error.description) }
            LauncherLog.write(.error, "the store failed", ("error", error.description))
            throw LauncherError(.unavailable, error.description)
        }
    }

    func encode(_ value: some Encodable) throws(LauncherError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw LauncherError(.invalid, "encoding \(type(of: value)): \(error)")
        }
    }

    func decodeDefinition(_ text: String) throws(LauncherError) -> TaskDefinition {
        do {
            return try JSONDecoder().decode(TaskDefinition.self, from: Data(text.utf8))
        } catch {
            throw LauncherError(
                .unavailable, "reading a kept definition: \(error). It was written by another version of alt-processing"
            )
        }
    }
}
