/// A zone of the tz database: which offset from UTC holds when, and back from local times, gaps and folds included.
///
/// Our own reader because the executables link statically, and the static toolchain cannot link ICU's zones.
package struct TimeZoneRules: Sendable {
    /// What a local time means in UTC.
    package enum Instant: Sendable, Hashable {
        /// UTC seconds.
        case unique(Int64)
        /// The clock shows this time twice.
        case fold(earlier: Int64, later: Int64)
        /// The clock never shows this time; UTC seconds of the jump over it.
        case gap(Int64)
    }

    package let name: String
    private let table: TZif?

    /// Needs no tz database.
    package static let utc = TimeZoneRules(name: "UTC", table: nil)

    private init(name: String, table: TZif?) {
        self.name = name
        self.table = table
    }

    /// Reads the content of a TZif file, RFC 9636 or its predecessor 8536.
    package init(name: String, tzif bytes: [UInt8]) throws(TimeZoneError) {
        do {
            self.init(name: name, table: try TZif(bytes))
        } catch {
            throw .malformed(name: name, problem: error.problem)
        }
    }

    /// Seconds east of UTC at `utc`, in seconds since the epoch.
    package func offset(at utc: Int64) -> Int64 {
        guard let table else { return 0 }
        let index = table.transitions.partitionPoint { $0 > utc }
        if index == table.transitions.count, let footer = table.footer { return footer.offset(at: utc) }
        return index == 0 ? table.initialOffset : table.offsets[index - 1]
    }

    /// When the offset next changes, strictly after `utc`; nil when it never does again.
    package func nextChange(after utc: Int64) -> Int64? {
        guard let table else { return nil }
        var index = table.transitions.partitionPoint { $0 > utc }
        while index < table.transitions.count {
            let before = index == 0 ? table.initialOffset : table.offsets[index - 1]
            if table.offsets[index] != before { return table.transitions[index] }
            index += 1
        }
        guard let footer = table.footer else { return nil }
        let start = max(utc, table.transitions.last ?? utc)
        return footer.changes(around: start).first { $0.at > start && footer.offset(at: $0.at - 1) != $0.offset }?.at
    }

    /// What the local time `local` (seconds since the epoch as if it were UTC) means.
    package func instant(local: Int64) -> Instant {
        // No offset is larger than 26 hours, so all that can matter lies within that of `local`.
        let window: Int64 = 93_600
        var start = local - window
        var found: [Int64] = []
        var gap: Int64?
        while start <= local + window {
            let offset = offset(at: start)
            let end = nextChange(after: start)
            let candidate = local - offset
            if candidate >= start, end.map({ candidate < $0 }) ?? true { found.append(candidate) }
            guard let end else { break }
            if gap == nil, end + offset <= local, local < end + self.offset(at: end) { gap = end }
            start = end
        }
        switch (found.first, found.last) {
        case (let first?, let last?): return first == last ? .unique(first) : .fold(earlier: first, later: last)
        default: return .gap(gap ?? local - offset(at: local))
        }
    }
}

extension Array {
    /// The first index whose element satisfies the predicate, in an array where those that do come last.
    fileprivate func partitionPoint(_ isAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
