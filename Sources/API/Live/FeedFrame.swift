import Wire

/// What a subscriber may ask for.
struct FeedTopics: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let processings = FeedTopics(rawValue: 1)
    static let attempts = FeedTopics(rawValue: 2)
    static let events = FeedTopics(rawValue: 4)
    static let tasks = FeedTopics(rawValue: 8)
    static let host = FeedTopics(rawValue: 16)
    static let progress = FeedTopics(rawValue: 32)

    static let named: [(name: String, topic: FeedTopics)] = [
        ("processings", .processings), ("attempts", .attempts), ("events", .events), ("tasks", .tasks), ("host", .host),
        ("progress", .progress),
    ]
    static let all: FeedTopics = [.processings, .attempts, .events, .tasks, .host, .progress]
}

/// A message of the stream, encoded once for everybody.
struct FeedFrame: Sendable {
    /// The change's; nil for what is told and not kept.
    var id: Int64?
    var topic: FeedTopics
    /// What it belongs to.
    var task: String?
    var processing: Int64?
    /// As it is sent.
    var bytes: [UInt8]
}

/// Which messages a subscriber gets. What belongs to no Task is left out where Tasks are named, and the same for Processings.
struct FeedFilter: Sendable, Hashable {
    var topics: FeedTopics = .all
    var tasks: Set<String>?
    var processings: Set<Int64>?

    func matches(_ frame: FeedFrame) -> Bool {
        guard topics.contains(frame.topic) else { return false }
        if let tasks {
            guard let task = frame.task, tasks.contains(task) else { return false }
        }
        if let processings {
            guard let processing = frame.processing, processings.contains(processing) else { return false }
        }
        return true
    }
}

/// Server-sent events as text (HTML Living Standard, section 9.2).
enum ServerSentEvent {
    /// Milliseconds after which a client connects again.
    static let retry = Array("retry: 2000\n\n".utf8)
    /// A comment, so that both sides know of a connection that is gone.
    static let heartbeat = Array(": alive\n\n".utf8)

    /// - Parameter data: JSON, which has no line feed outside of its texts and writes those inside as `\n`.
    static func message(_ event: String, id: Int64? = nil, _ data: some Encodable) throws -> [UInt8] {
        var bytes = Array("event: \(event)\n".utf8)
        if let id { bytes += Array("id: \(id)\n".utf8) }
        bytes += Array("data: ".utf8)
        bytes += try WireJSON.encode(data)
        bytes += [0x0A, 0x0A]
        return bytes
    }
}
