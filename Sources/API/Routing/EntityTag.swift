import Wire

/// A validator of a representation (RFC 9110, section 8.8.3).
struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    var opaque: String
    var isWeak = false

    var description: String { "\(isWeak ? "W/" : "")\"\(opaque)\"" }

    /// Weak ones match nothing (section 8.8.3.2).
    func matchesStrongly(_ other: EntityTag) -> Bool { !isWeak && !other.isWeak && opaque == other.opaque }

    func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }
}

/// What If-Match and If-None-Match hold.
enum EntityTagList: Sendable, Hashable {
    /// `*`: whatever there is.
    case any
    case tags([EntityTag])

    /// Nil when it is neither `*` nor a list of entity tags.
    init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        func skipSpace() { bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 } }
        skipSpace()
        if bytes.first == UInt8(ascii: "*") {
            guard bytes.dropFirst().allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { return nil }
            self = .any
            return
        }
        var tags: [EntityTag] = []
        while true {
            skipSpace()
            // Empty elements are to be passed over (section 5.6.1.2).
            if bytes.first == UInt8(ascii: ",") {
                bytes = bytes.dropFirst()
                continue
            }
            guard !bytes.isEmpty else { break }
            let isWeak = bytes.starts(with: "W/".utf8)
            if isWeak { bytes = bytes.dropFirst(2) }
            guard bytes.first == UInt8(ascii: "\"") else { return nil }
            bytes = bytes.dropFirst()
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            guard bytes[..<end].allSatisfy({ $0 == 0x21 || $0 >= 0x23 && $0 != 0x7F }) else { return nil }
            tags.append(EntityTag(opaque: String(decoding: bytes[..<end], as: UTF8.self), isWeak: isWeak))
            bytes = bytes[(end + 1)...]
            skipSpace()
            guard bytes.isEmpty || bytes.first == UInt8(ascii: ",") else { return nil }
        }
        guard !tags.isEmpty else { return nil }
        self = .tags(tags)
    }
}

/// The version of something that two people could change at once, as its GET and the actions on it tell it.
///
/// It has two parts. The first is the state that actions change; `If-Match` asks for it, so that a Script's progress, or the
/// time of a Task's next tick, gets in nobody's way. The second is of all that is shown; with `If-None-Match` nothing of it
/// is missed.
enum VersionTag {
    static func tag(state: String, body: [UInt8]) -> EntityTag {
        var digest = Fingerprint()
        digest.add(body)
        return EntityTag(opaque: "\(state)-\(digest.text)")
    }

    /// The states that `If-Match` takes; nil when there is no such condition, and none when it can match nothing.
    static func expected(_ request: HTTPRequest) throws(Problem) -> Set<String>? {
        guard let text = request.headers["if-match"] else { return nil }
        switch EntityTagList(text) {
        case nil:
            throw Problems.malformed("If-Match is neither * nor a list of entity tags (RFC 9110, section 13.1.1).")
        // The action finds out whether there is such a thing.
        case .any: return nil
        case .tags(let tags):
            return Set(
                tags.filter { !$0.isWeak }.compactMap {
                    $0.opaque.split(separator: "-", omittingEmptySubsequences: false).first.map(String.init)
                })
        }
    }
}

extension HTTPResponse {
    /// With the ETag of what it shows.
    func with(version: String) -> HTTPResponse {
        var response = self
        response.headers.append(Header("ETag", VersionTag.tag(state: version, body: body).description))
        return response
    }

    /// 304 where the client has this already (RFC 9110, section 13.1.2).
    func unlessKnown(to request: HTTPRequest) -> HTTPResponse {
        guard status == 200, request.method == "GET" || request.method == "HEAD",
            let own = header("ETag"), case .tags(let tag)? = EntityTagList(own), let tag = tag.first,
            let text = request.headers["if-none-match"]
        else { return self }
        let isKnown =
            switch EntityTagList(text) {
            // A condition that cannot be read is none.
            case nil: false
            case .any: true
            case .tags(let known): known.contains { $0.matchesWeakly(tag) }
            }
        guard isKnown else { return self }
        let kept = headers.filter { ["etag", "link", "last-modified", "vary"].contains($0.name.lowercased()) }
        return HTTPResponse(status: 304, headers: kept)
    }
}
