import Synchronization

/// Pages of lists as they were answered, each until the store changes: many who look at the same page cost little.
final class PageCache: Sendable {
    private struct Entry {
        var version: UInt64
        var response: HTTPResponse
    }

    private static let mostEntries = 64
    private static let mostBytes = 128 << 10

    private let entries = Mutex<[HTTPRequest.Resource: Entry]>([:])

    /// - Parameter version: the store's.
    func page(_ key: HTTPRequest.Resource, at version: UInt64) -> HTTPResponse? {
        entries.withLock { entries in
            guard let entry = entries[key], entry.version == version else { return nil }
            return entry.response
        }
    }

    /// - Parameter version: of before the page was read, so that it is never taken for newer than it is.
    func keep(_ response: HTTPResponse, _ key: HTTPRequest.Resource, at version: UInt64) {
        guard response.body.count <= Self.mostBytes else { return }
        entries.withLock { entries in
            if entries.count >= Self.mostEntries, entries[key] == nil {
                entries = entries.filter { $0.value.version == version }
                if entries.count >= Self.mostEntries { entries = [:] }
            }
            entries[key] = Entry(version: version, response: response)
        }
    }
}
