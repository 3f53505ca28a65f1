import Glibc
import Testing

@testable import Store

/// A database of one test's own.
final class TemporaryDatabase {
    let folder: String
    var path: String { "\(folder)/altp.db" }

    init() throws {
        var template = Array("/tmp/altp-store-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { unlink("\(path)\(suffix)") }
        rmdir(folder)
    }
}

@Suite struct StoreTests {
    private let database: TemporaryDatabase
    private let store: Store

    init() throws {
        database = try TemporaryDatabase()
        store = try Store(path: database.path)
    }

    private func event(_ key: String, type: String = "scene") -> EventRecord {
        EventRecord(id: 0, type: type, key: key, params: "{}", source: "test", createdAt: 1000)
    }

    private func insertProcessing(
        task: String = "a", status: ProcessingStatus = .waiting, event: Int64? = nil
    ) async throws -> Int64 {
        try await store.write { transaction throws(StoreError) in
            try transaction.keepDefinition(hash: "h", content: "{}")
            let id = try transaction.insertProcessing(
                ProcessingRecord(
                    id: 0, task: task, definition: "h", scripts: nil, event: event, params: "{}", priority: 0,
                    status: .waiting, createdAt: 1))
            if status != .waiting {
                try transaction.updateProcessing(
                    ProcessingRecord(
                        id: id, task: task, definition: "h", scripts: nil, event: event, params: "{}", priority: 0,
                        status: status, outcome: status == .failed ? "hard" : status.rawValue, createdAt: 1))
            }
            return id
        }
    }

    @Test func anEventIsTakenOnceByTypeAndKey() async throws {
        let first = event("1")
        let other = event("1", type: "tile")
        let results = try await store.write { transaction throws(StoreError) in
            [
                try transaction.insertEvent(first, force: false), try transaction.insertEvent(first, force: false),
                try transaction.insertEvent(other, force: false), try transaction.insertEvent(first, force: true),
                try transaction.insertEvent(first, force: false),
            ].map { "\($0.id) \($0.isNew)" }
        }
        #expect(results == ["1 true", "1 false", "2 true", "3 true", "1 false"])
    }

    @Test func aPauseAndATickDoNotUndoEachOther() async throws {
        try await store.write { transaction throws(StoreError) in
            try transaction.savePause(true, reason: "by root", task: "a")
            try transaction.saveTick(7, task: "a")
            try transaction.savePause(false, reason: nil, task: "a")
        }
        #expect(try await store.tasks() == [TaskRecord(name: "a", paused: false, pauseReason: nil, lastTick: 7)])
    }

    @Test func keysThatDifferBehindANULAreDifferentKeys() async throws {
        let (first, second) = (event("a\u{0}b"), event("a\u{0}c"))
        let isNew = try await store.write { transaction throws(StoreError) in
            [
                try transaction.insertEvent(first, force: false).isNew,
                try transaction.insertEvent(second, force: false).isNew,
            ]
        }
        #expect(isNew == [true, true])
        #expect(try await store.event(1)?.key == "a\u{0}b")
    }

    @Test func aWriteThatThrowsChangesNothingAndTakesNoOtherWithIt() async throws {
        let store = store
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                let event = event("\(number)")
                group.addTask {
                    var failure: StoreError?
                    do throws(StoreError) {
                        try await store.write { transaction throws(StoreError) in
                            _ = try transaction.insertEvent(event, force: false)
                            if number % 2 == 1 { throw StoreError("refused") }
                        }
                    } catch {
                        failure = error
                    }
                    #expect(failure == (number % 2 == 1 ? StoreError("refused") : nil))
                }
            }
            try await group.waitForAll()
        }
        let keys = try await store.events(EventFilter(), ListRange(limit: 100)).items.compactMap { Int($0.key) }
        #expect(keys.sorted() == Array(stride(from: 0, to: 50, by: 2)))
    }

    @Test func pagesGoFromTheNewestToTheOldest() async throws {
        for task in ["a", "b", "a", "b", "a"] { _ = try await insertProcessing(task: task) }
        let first = try await store.processings(ProcessingFilter(), ListRange(limit: 2))
        #expect(first.items.map(\.id) == [5, 4])
        #expect(first.next == ListPosition(key: 1, id: 4))
        let last = try await store.processings(
            ProcessingFilter(), ListRange(after: ListPosition(key: 1, id: 2), limit: 2))
        #expect(last.items.map(\.id) == [1])
        #expect(last.next == nil)
        var filter = ProcessingFilter()
        filter.tasks = ["a"]
        #expect(try await store.processings(filter, ListRange(limit: 10)).items.map(\.id) == [5, 3, 1])
    }

    @Test func filtersByStatus() async throws {
        _ = try await insertProcessing(status: .failed)
        _ = try await insertProcessing(status: .success)
        _ = try await insertProcessing()
        var filter = ProcessingFilter()
        filter.statuses = [.failed, .waiting]
        #expect(try await store.processings(filter, ListRange(limit: 10)).items.map(\.id) == [3, 1])
        #expect(try await store.openProcessings().map(\.id) == [3])
    }

    @Test func anAttemptIsReadAsItWasWritten() async throws {
        let id = try await insertProcessing()
        let attempt = AttemptRecord(
            processing: id, script: "load", number: 2, run: 3, state: .ended, outcome: "soft",
            outcomeDetail: "{\"a\":1}",
            ending: "{}", progress: 40.5, progressText: "band 4\n'; DROP TABLE attempt", startedAt: 5, endedAt: 9,
            boot: "b")
        try await store.write { transaction throws(StoreError) in try transaction.putAttempt(attempt) }
        #expect(try await store.attempts(of: id) == [attempt])
    }

    @Test func anAttemptThatNeverStartedIsTakenBackAndAnEndedOneIsNot() async throws {
        let id = try await insertProcessing()
        let attempt = AttemptRecord(processing: id, script: "load", number: 1, state: .running, startedAt: 5)
        func remaining(_ state: AttemptState) async throws -> Int {
            var row = attempt
            row.state = state
            let stored = row
            try await store.write { transaction throws(StoreError) in
                try transaction.putAttempt(stored)
                try transaction.removeAttempt(of: id, script: "load", number: 1)
            }
            return try await store.attempts(of: id).count
        }
        #expect(try await remaining(.running) == 0)
        #expect(try await remaining(.ended) == 1)
    }

    @Test func countsAsItGoes() async throws {
        _ = try await insertProcessing(task: "a")
        _ = try await insertProcessing(task: "a", status: .running)
        try await store.write { transaction throws(StoreError) in
            for (outcome, time) in [("success", Int64(10)), ("success", 20), ("oom", 5)] {
                try transaction.count(
                    EndedSample(task: "a", script: "", outcome: outcome, at: 86_400_000 * time, milliseconds: time))
                try transaction.count(
                    EndedSample(task: "a", script: "load", outcome: outcome, at: 0, milliseconds: 1000))
            }
        }
        #expect(
            try await store.statistics() == [
                TaskStatistics(
                    task: "a", waiting: 1, running: 1, ended: ["success": 2, "oom": 1], milliseconds: 35)
            ])
    }

    @Test func keepsEntriesAndTheirEnds() async throws {
        let processing = try await insertProcessing()
        var shell = EntryRecord(
            id: 0, processing: processing, script: "load", number: 2, who: "cli:root", command: nil, relaxed: [],
            snapshot: false, startedAt: 10)
        var command = EntryRecord(
            id: 0, processing: processing, script: "load", number: 1, who: "token:ci", command: #"["ls"]"#,
            relaxed: ["network", "limits"], snapshot: true, startedAt: 20)
        for entry in [shell, command] {
            _ = try await store.write { transaction throws(StoreError) in try transaction.insertEntry(entry) }
        }
        (shell.id, command.id) = (1, 2)
        #expect(try await store.entries(of: processing) == [shell, command])
        #expect(try await store.openEntries() == [shell, command])
        try await store.write { transaction throws(StoreError) in
            try transaction.endEntry(1, at: 30, ending: "exit status 0")
        }
        (shell.endedAt, shell.ending) = (30, "exit status 0")
        #expect(try await store.entries(of: processing) == [shell, command])
        #expect(try await store.openEntries() == [command])
        #expect(try await store.entries(of: processing + 1) == [])
    }

    @Test func keepsTasksAndJournal() async throws {
        let id = try await insertProcessing()
        let task = TaskRecord(name: "a", paused: true, pauseReason: "by root", lastTick: 7)
        try await store.write { transaction throws(StoreError) in
            try transaction.saveTick(7, task: "a")
            try transaction.savePause(true, reason: "by root", task: "a")
            try transaction.note("created", on: id, at: 1)
            try transaction.note("ended", on: id, at: 2)
        }
        #expect(try await store.tasks() == [task])
        #expect(
            try await store.journal(of: id) == [
                JournalEntry(at: 1, text: "created"), JournalEntry(at: 2, text: "ended"),
            ])
    }

    @Test func isThereAfterItWasClosed() async throws {
        let path = try TemporaryDatabase()
        try await Store(path: path.path).write { transaction throws(StoreError) in
            _ = try transaction.insertEvent(
                EventRecord(id: 0, type: "t", key: "k", params: "{}", source: "s", createdAt: 1), force: false)
        }
        #expect(try await Store(path: path.path).event(1)?.key == "k")
    }

    @Test func refusesADatabaseOfANewerVersion() throws {
        let path = try TemporaryDatabase()
        _ = try Store(path: path.path)
        try SQLiteFile.setVersion(99, path: path.path)
        let expected = StoreError(
            "opening the database \(path.path): it has schema version 99, and this version of alt-processing knows "
                + "\(Schema.migrations.count). It was "
                + "written by a newer one: install that again")
        #expect(throws: expected) { try Store(path: path.path) }
    }

    @Test func saysWhatIsWrongWithAFileThatIsNone() throws {
        let path = try TemporaryDatabase()
        let file = try #require(fopen(path.path, "w"))
        fputs(String(repeating: "no database ", count: 100), file)
        fclose(file)
        let error = #expect(throws: StoreError.self) { try Store(path: path.path) }
        #expect(error?.description.contains("file is not a database") == true)
        #expect(error?.description.contains(path.path) == true)
    }

    @Test func saysThatTheFolderIsMissing() {
        #expect(throws: StoreError("opening the database /nowhere/altp.db: unable to open database file")) {
            try Store(path: "/nowhere/altp.db")
        }
    }
}

/// The database's header, changed from outside.
enum SQLiteFile {
    /// The user version is a big-endian number at offset 60 (sqlite.org/fileformat2.html).
    static func setVersion(_ version: UInt32, path: String) throws {
        let file = open(path, O_WRONLY)
        defer { close(file) }
        var number = version.bigEndian
        try #require(pwrite(file, &number, 4, 60) == 4)
    }
}
