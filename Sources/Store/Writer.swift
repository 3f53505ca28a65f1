import Dispatch
import Synchronization

/// The database's one writer. What is asked for while a commit is under way goes into the next one together, so that a
/// crowd of small transactions costs one fsync(2).
///
/// `@unchecked`: the connection is used on the serial queue alone.
final class Writer: @unchecked Sendable {
    private struct Job: Sendable {
        /// Does the work; its result is handed out by `finish` once it is durable.
        var body: @Sendable (Connection) throws(StoreError) -> Void
        /// nil when the work is committed, else why it is not.
        var finish: @Sendable (StoreError?) -> Void
    }

    private let connection: Connection
    private let queue = DispatchQueue(label: "altp.store.writer")
    private let waiting = Mutex(Waiting())

    private struct Waiting: Sendable {
        /// For which a commit is about to begin, or under way.
        var jobs: [Job] = []
        /// That go with the next commit, or have one of their own when there is none for a while.
        var patient: [Job] = []
        var isFlushDue = false

        mutating func take() -> [Job] {
            defer { (jobs, patient) = ([], []) }
            return jobs + patient
        }
    }

    private static let patience = DispatchTimeInterval.milliseconds(200)
    let commits = LatencyMeter()
    /// How many commits there were. It grows before anybody learns that his work is committed.
    let commitCount = Atomic<UInt64>(0)
    private let lastCommit = Mutex<ContinuousClock.Instant?>(nil)
    private let failed = Atomic(0)

    /// Groups of changes that could not be committed.
    var failures: Int { failed.load(ordering: .relaxed) }
    var hasCommittedLately: Bool { lastCommit.withLock { $0.map { .now - $0 < .seconds(5) } ?? false } }
    private let changes: ChangeLog

    init(_ connection: Connection, changes: ChangeLog) {
        self.connection = connection
        self.changes = changes
    }

    /// Runs the body in a transaction and returns once it is durable. A body that throws changes nothing.
    ///
    /// - Parameter isPatient: that may be a moment later, with somebody else's.
    func write<Result: Sendable>(
        isPatient: Bool = false, _ body: @escaping @Sendable (Connection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let outcome: Swift.Result<Result, StoreError> = await withCheckedContinuation { continuation in
            let result = Box<Result>()
            let job = Job { connection throws(StoreError) in
                result.value.withLock { $0 = nil }
                let value = try body(connection)
                result.value.withLock { $0 = value }
            } finish: { error in
                if let error {
                    continuation.resume(returning: .failure(error))
                } else {
                    continuation.resume(returning: .success(result.value.withLock { $0! }))
                }
            }
            if isPatient { add(patient: job) } else { add(job) }
        }
        return try outcome.get()
    }

    private func add(_ job: Job) {
        let isFirst = waiting.withLock { waiting in
            waiting.jobs.append(job)
            return waiting.jobs.count == 1
        }
        if isFirst { queue.async { self.commitWaiting() } }
    }

    private func add(patient job: Job) {
        let needsFlush = waiting.withLock { waiting in
            waiting.patient.append(job)
            defer { waiting.isFlushDue = true }
            return !waiting.isFlushDue
        }
        guard needsFlush else { return }
        queue.asyncAfter(deadline: .now() + Self.patience) {
            self.waiting.withLock { $0.isFlushDue = false }
            self.commitWaiting()
        }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private func commitWaiting() {
        let jobs = waiting.withLock { $0.take() }
        if jobs.isEmpty { return }
        var failures = [StoreError?](repeating: nil, count: jobs.count)
        let start = ContinuousClock.now
        do {
            try connection.run("BEGIN IMMEDIATE")
            for (index, job) in jobs.enumerated() { failures[index] = try attempt(job) }
            try connection.run("COMMIT")
            commitCount.add(1, ordering: .releasing)
            let end = ContinuousClock.now
            commits.record(end - start)
            lastCommit.withLock { $0 = end }
        } catch {
            try? connection.run("ROLLBACK")
            failed.add(1, ordering: .relaxed)
            lastCommit.withLock { $0 = nil }
            for index in failures.indices { failures[index] = failures[index] ?? error }
        }
        for (job, failure) in zip(jobs, failures) { job.finish(failure) }
        tellOfChanges()
    }

    /// Those who follow the changes come after those who made them.
    private func tellOfChanges() {
        guard connection.toldChanges > 0 else { return }
        let isTrimDue = changes.committed(connection.toldChanges)
        connection.toldChanges = 0
        guard isTrimDue else { return }
        let keep = changes.keep
        // A failure is of no harm: the next one removes more.
        add(
            patient: Job { connection throws(StoreError) in
                try ChangeLog.trim(connection, keep: keep)
            } finish: { _ in
            })
    }

    /// Runs a job so that its failure undoes its own work and nothing else.
    ///
    /// - Returns: its failure; throws when the transaction as a whole can no longer be used.
    private func attempt(_ job: Job) throws(StoreError) -> StoreError? {
        try connection.run("SAVEPOINT job")
        do {
            try job.body(connection)
        } catch {
            try connection.run("ROLLBACK TO job")
            try connection.run("RELEASE job")
            return error
        }
        try connection.run("RELEASE job")
        return nil
    }
}

/// A few connections that only read, each on a queue of its own, taken in turn.
///
/// `@unchecked`: each connection is used on its own serial queue alone.
final class Readers: @unchecked Sendable {
    private let readers: [(queue: DispatchQueue, connection: Connection)]
    private let next = Atomic<Int>(0)

    init(_ connections: [Connection]) {
        readers = connections.enumerated().map { (DispatchQueue(label: "altp.store.reader.\($0)"), $1) }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        let result: Swift.Result<Result, StoreError> = await withCheckedContinuation { continuation in
            let place = Int(UInt(bitPattern: index) % UInt(readers.count))
            readers[place].queue.async {
                let connection = self.readers[place].connection
                continuation.resume(returning: Swift.Result { () throws(StoreError) in try body(connection) })
            }
        }
        return try result.get()
    }
}
