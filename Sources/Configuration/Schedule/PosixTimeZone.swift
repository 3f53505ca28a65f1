/// The rule in a TZif footer: the `TZ` string of POSIX.1-2017 section 8.3, with the extension of RFC 9636 section 3.3.1
/// (transition times from -167 to 167 hours). It governs all times after the file's last transition.
struct PosixTimeZone: Sendable, Equatable {
    struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// `Jn`: 1 to 365, 29 February is never counted.
            case julian(Int)
            /// `n`: 0 to 365, 29 February is counted.
            case ordinal(Int)
            /// `Mm.w.d`: the w-th weekday d of month m, week 5 being the last.
            case weekday(month: Int, week: Int, day: Int)
        }

        var day: Day
        /// Seconds after local midnight.
        var time: Int64

        /// Local seconds since the epoch, by the clock in force before the change.
        func local(year: Int64) -> Int64 {
            let newYear = CivilDate(year: year, month: 1, day: 1).daysSinceEpoch
            let days: Int64
            switch day {
            case .julian(let number):
                days = newYear + Int64(number - 1) + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
            case .ordinal(let number):
                days = newYear + Int64(number)
            case .weekday(let month, let week, let weekday):
                let first = CivilDate(year: year, month: month, day: 1).daysSinceEpoch
                let toWeekday = (weekday - CivilDate.weekday(daysSinceEpoch: first) + 7) % 7
                var dayOfMonth = toWeekday + 7 * (week - 1)
                while dayOfMonth >= CivilDate.days(inMonth: month, of: year) { dayOfMonth -= 7 }
                days = first + Int64(dayOfMonth)
            }
            return days * 86_400 + time
        }
    }

    struct Saving: Sendable, Equatable {
        /// Seconds east of UTC.
        var offset: Int64
        var begins: Change
        var ends: Change
    }

    /// Seconds east of UTC.
    var standardOffset: Int64
    /// nil for a zone that keeps one time the whole year.
    var saving: Saving?

    /// The changes around a UTC time, from the year before it to the year after, in order, each with the offset from then on.
    func changes(around utc: Int64) -> [(at: Int64, offset: Int64)] {
        guard let saving else { return [] }
        let year = CivilDate(daysSinceEpoch: floorDivide(utc, 86_400)).year
        var changes: [(at: Int64, offset: Int64)] = []
        for year in (year - 1)...(year + 1) {
            changes.append((saving.ends.local(year: year) - saving.offset, standardOffset))
            changes.append((saving.begins.local(year: year) - standardOffset, saving.offset))
        }
        // Daylight saving all year is written as an end that coincides with the next year's beginning: the beginning wins.
        return changes.sorted {
            ($0.at, $0.offset == saving.offset ? 1 : 0) < ($1.at, $1.offset == saving.offset ? 1 : 0)
        }
    }

    func offset(at utc: Int64) -> Int64 { changes(around: utc).last { $0.at <= utc }?.offset ?? standardOffset }

    /// Reads the footer without its newlines; nil when it is malformed.
    init?(parsing text: some Sequence<UInt8>) {
        var scanner = Scanner(bytes: Array(text))
        guard scanner.skipName(), let standard = scanner.time(limit: 24) else { return nil }
        standardOffset = -standard
        guard !scanner.isAtEnd else { return }
        guard scanner.skipName() else { return nil }
        var offset = standardOffset + 3600
        if scanner.peek != UInt8(ascii: ",") {
            guard let explicit = scanner.time(limit: 24) else { return nil }
            offset = -explicit
        }
        guard let begins = scanner.change(), let ends = scanner.change(), scanner.isAtEnd else { return nil }
        saving = Saving(offset: offset, begins: begins, ends: ends)
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// A designation: three or more letters, or `<…>`.
    mutating func skipName() -> Bool {
        let start = position
        if skip("<") {
            while let byte = peek, byte != UInt8(ascii: ">") { position += 1 }
            return skip(">")
        }
        while let byte = peek, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) { position += 1 }
        return position - start >= 3
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        let start = position
        var value = 0
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), position - start < 3 {
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            position += 1
        }
        return position > start && range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(limit: Int) -> Int64? {
        let negative = skip("-")
        if !negative { _ = skip("+") }
        guard let hours = number(0...limit) else { return nil }
        var seconds = Int64(hours) * 3600
        if skip(":") {
            guard let minutes = number(0...59) else { return nil }
            seconds += Int64(minutes) * 60
            if skip(":") {
                guard let rest = number(0...59) else { return nil }
                seconds += Int64(rest)
            }
        }
        return negative ? -seconds : seconds
    }

    /// `,date[/time]`, at 02:00 unless given.
    mutating func change() -> PosixTimeZone.Change? {
        guard skip(","), let day = day() else { return nil }
        guard skip("/") else { return PosixTimeZone.Change(day: day, time: 7200) }
        guard let time = time(limit: 167) else { return nil }
        return PosixTimeZone.Change(day: day, time: time)
    }

    mutating func day() -> PosixTimeZone.Change.Day? {
        if skip("J") { return number(1...365).map { .julian($0) } }
        guard skip("M") else { return number(0...365).map { .ordinal($0) } }
        guard let month = number(1...12), skip("."), let week = number(1...5), skip("."), let day = number(0...6)
        else { return nil }
        return .weekday(month: month, week: week, day: day)
    }
}
