import Configuration

/// Which ended Processings' directories go. Pure: what there is goes in, who goes comes out.
package enum Retention {
    /// Who holds directories, so that they stay whatever else is.
    package enum Holder: Sendable, Hashable, CustomStringConvertible {
        case pinned(by: String, reason: String?)
        /// Somebody is inside, by name.
        case entered(by: String)
        /// A Script of it runs, or will.
        case underWay
        /// It is being compared or exported.
        case read

        package var description: String {
            switch self {
            case .pinned(let who, let reason): "pinned by \(who)" + (reason.map { ": \($0)" } ?? "")
            case .entered(let who): "entered by \(who)"
            case .read: "being compared or exported"
            case .underWay: "under way"
            }
        }
    }

    /// Why directories go.
    package enum Cause: Sendable, Hashable, CustomStringConvertible {
        case keepTime
        /// With the figures at that moment, in bytes.
        case room(free: Int64, keepFree: Int64)
        case released(by: String)
        case collected(by: String)
        /// An earlier Launcher had begun, for this reason.
        case resumed(String)

        package var description: String {
            switch self {
            case .keepTime: "keep time is over"
            case .room(let free, let keepFree):
                "to make room: \(SizeText.short(max(0, free))) was free, and keep_free is \(SizeText.short(keepFree))"
            case .released(let who): "released by \(who)"
            case .collected(let who): "altp gc by \(who)"
            case .resumed(let reason): reason
            }
        }
    }

    package struct Candidate: Sendable, Hashable {
        package var id: Int64
        package var succeeded: Bool
        /// Milliseconds since the epoch.
        package var endedAt: Int64
        /// When its keep time is over.
        package var expiresAt: Int64
        /// What its directories hold; nil while that is not known.
        package var bytes: Int64?
        package var holders: [Holder]
        package var isBeingRemoved: Bool
        /// Its removal has failed, and is not tried again yet.
        package var hasFailed: Bool

        package init(
            id: Int64, succeeded: Bool, endedAt: Int64, expiresAt: Int64, bytes: Int64?, holders: [Holder] = [],
            isBeingRemoved: Bool = false, hasFailed: Bool = false
        ) {
            self.id = id
            self.succeeded = succeeded
            self.endedAt = endedAt
            self.expiresAt = expiresAt
            self.bytes = bytes
            self.holders = holders
            self.isBeingRemoved = isBeingRemoved
            self.hasFailed = hasFailed
        }

        var mayGo: Bool { holders.isEmpty && !isBeingRemoved && !hasFailed }
    }

    /// Those whose keep time is over and whom nobody holds, the oldest end first.
    package static func expired(_ candidates: [Candidate], now: Int64) -> [Int64] {
        candidates.filter { $0.mayGo && $0.expiresAt <= now }.sorted(by: isOlder).map(\.id)
    }

    package struct Room: Sendable, Hashable {
        /// In the order in which they go.
        package var remove: [Int64]
        /// Bytes that are missing even when all of these have gone; 0 also where it is not known what they hold.
        package var missing: Int64
    }

    /// Whom to remove for so many bytes: successes, then failures, of each the oldest end first, and no more than it takes.
    ///
    /// What is being removed already counts. Of those whose size is not known only one goes at a time: what it gave is seen
    /// before the next.
    package static func room(for shortage: Int64, _ candidates: [Candidate]) -> Room {
        var missing = shortage
        for candidate in candidates where candidate.isBeingRemoved && !candidate.hasFailed {
            guard let bytes = candidate.bytes else { return Room(remove: [], missing: 0) }
            missing -= bytes
        }
        var remove: [Int64] = []
        for candidate in candidates.filter(\.mayGo).sorted(by: goesFirst) {
            guard missing > 0 else { break }
            remove.append(candidate.id)
            guard let bytes = candidate.bytes else { return Room(remove: remove, missing: 0) }
            missing -= bytes
        }
        return Room(remove: remove, missing: max(0, missing))
    }

    private static func goesFirst(_ left: Candidate, _ right: Candidate) -> Bool {
        left.succeeded == right.succeeded ? isOlder(left, right) : left.succeeded
    }

    private static func isOlder(_ left: Candidate, _ right: Candidate) -> Bool {
        (left.endedAt, left.id) < (right.endedAt, right.id)
    }
}
