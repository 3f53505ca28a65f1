import Launcher
import Linux
import Sandbox
import Store
import Wire

extension APIService {
    /// Bytes of a log in one message, before they are encoded.
    private static let logMessage = 16 << 10

    func openFeed(_ call: Call) async throws(Problem) -> HTTPResponse {
        let wish = try StreamWish(call)
        // From now on the ends of attempts are seen, so that no log is followed for ever.
        try await stored { () async throws(StoreError) in try await feed.hold() }
        defer { feed.release() }
        var tails: [LogTail] = []
        do throws(Problem) {
            for log in wish.logs {
                tails.append(
                    try await followLog(log.reference, from: log.offset, limit: Self.logMessage, for: call.caller))
            }
            let ready = tails
            let subscription = try await stored { () async throws(StoreError) in
                try await feed.subscribe(wish.filter, after: wish.after, tails: ready)
            }
            return HTTPResponse(
                status: 200,
                headers: [
                    .init("Content-Type", "text/event-stream"),
                    // So that a proxy passes each message on at once.
                    .init("X-Accel-Buffering", "no"),
                ], stream: ResponseStream(subscription))
        } catch {
            for tail in tails { tail.end() }
            throw error
        }
    }

    /// Begins to follow an attempt's log. The feed must be held while it is.
    func followLog(
        _ reference: Reference, from offset: Int64, limit: Int, for caller: Caller
    ) async throws(Problem) -> LogTail {
        let (id, script, number) = (reference.processing, reference.script ?? "", reference.attempt ?? 0)
        let record = try await processing(String(id))
        if let visible = caller.visibleTasks, !visible.contains(record.task) {
            throw Problems.forbidden("Processing \(id) belongs to the Task \(record.task), which is not yours to see.")
        }
        _ = try await attempt(script, number, of: id)
        let directory = try await launched { () async throws(LauncherError) in
            try await launcher.evidenceDirectory(processing: id, script: script, number: number)
        }
        let tail = LogTail(reference, directory: directory.path, offset: offset, limit: limit, hub: logs)
        do throws(Problem) {
            if try await attempt(script, number, of: id).state == .ended { tail.attemptHasEnded() }
        } catch {
            tail.end()
            throw error
        }
        return tail
    }

    func attempt(_ script: String, _ number: Int, of id: Int64) async throws(Problem) -> AttemptRecord {
        let attempts = try await stored { () async throws(StoreError) in try await launcher.store.attempts(of: id) }
        guard let attempt = attempts.first(where: { $0.script == script && $0.number == number }) else {
            throw Problems.notFound("There is no attempt \(id)/\(script.prefix(100))#\(number).")
        }
        return attempt
    }
}

/// What of the stream is asked for.
struct StreamWish: Hashable {
    struct Log: Hashable {
        var reference: Reference
        var offset: Int64
    }

    var filter = FeedFilter()
    var logs: [Log] = []
    var after: Int64?

    private static let mostLogs = 16

    init(_ call: Call) throws(Problem) {
        try self.init(
            call.query, header: call.request.headers["last-event-id"], visible: call.caller.visibleTasks)
    }

    /// - Parameters:
    ///   - header: Last-Event-ID, which a client sends when it connects again.
    ///   - visible: the Tasks that the caller may see; nil for all, and what belongs to none.
    init(_ query: Query, header: String?, visible: Set<String>?) throws(Problem) {
        var topics: FeedTopics = []
        for text in query.all("topic") {
            if let log = try Self.log(text) {
                logs.append(log)
            } else if let topic = FeedTopics.named.first(where: { $0.name == text })?.topic {
                topics.formUnion(topic)
            } else {
                throw Self.unknown(text)
            }
        }
        guard logs.count <= Self.mostLogs else {
            throw Query.wrong("topic", "names more than \(Self.mostLogs) logs")
        }
        let general: FeedTopics = [.events, .host]
        if visible != nil, !topics.isDisjoint(with: general) {
            throw Problems.forbidden("The topics events and host are for who may see all Tasks.")
        }
        if query.all("topic").isEmpty { topics = visible == nil ? .all : .all.subtracting(general) }
        filter.topics = topics
        let named = query.all("task")
        filter.tasks = named.isEmpty ? visible : Set(named).intersection(visible ?? Set(named))
        let processings = query.all("processing")
        if !processings.isEmpty { filter.processings = try Self.numbers(processings) }
        if query.first("last_event_id") != nil {
            after = try query.integer("last_event_id", in: 0...Int64.max, default: 0)
        }
        if let header { after = try Self.id(header) }
    }

    private static func numbers(_ texts: [String]) throws(Problem) -> Set<Int64> {
        var result: Set<Int64> = []
        for text in texts {
            guard let number = Int64(text), number > 0 else {
                throw Query.wrong("processing", "must be the number of a Processing")
            }
            result.insert(number)
        }
        return result
    }

    private static func id(_ text: String) throws(Problem) -> Int64 {
        guard let id = Int64(text), id >= 0 else {
            throw Problems.malformed("The header Last-Event-ID must be the id of a message, a whole number.")
        }
        return id
    }

    /// `log:42/calibrate#1`, `log:42/calibrate#1@1024`; nil for another topic.
    private static func log(_ text: String) throws(Problem) -> Log? {
        guard text.hasPrefix("log:") else { return nil }
        let parts = text.dropFirst(4).split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let reference = Reference(parsing: String(parts.first ?? "")), reference.attempt != nil else {
            throw Query.wrong("topic", "log: takes an attempt, such as log:42/calibrate#1 (# is written %23 in a URL)")
        }
        guard parts.count == 2 else { return Log(reference: reference, offset: 0) }
        guard let offset = Int64(parts[1]), offset >= 0 else {
            throw Query.wrong("topic", "log:\(reference)@ takes the number of a byte, from 0")
        }
        return Log(reference: reference, offset: offset)
    }

    private static func unknown(_ text: String) -> Problem {
        let names = FeedTopics.named.map(\.name)
        let hint =
            nearest(to: text, among: names).map { "did you mean \($0)?" }
            ?? "there are \(names.joined(separator: ", ")) and log:REF"
        return Query.wrong("topic", "\(text.prefix(100)) is unknown; \(hint)")
    }
}
