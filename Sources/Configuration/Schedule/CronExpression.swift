/// A five-field schedule as crontab(5) has it: minute, hour, day of month, month, day of week.
///
/// A day matches when both day fields do; when neither begins with `*`, when either does (the classic rule of Vixie cron).
///
/// Daylight saving, when the hour field does not begin with `*`: a local time that the clock skips runs once, right after
/// the gap; one that the clock shows twice runs the first time only. When the hour field begins with `*`
/// (`*/5 * * * *`, `0 */2 * * *`), every minute that the clock really shows counts: twice in a fold, never in a gap.
package struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    package let description: String

    /// One bit for each value that matches.
    let minutes: UInt64
    let hours: UInt64
    let daysOfMonth: UInt64
    let months: UInt64
    /// 0 is Sunday.
    let daysOfWeek: UInt64
    let everyHour: Bool
    let eitherDay: Bool

    /// Reads the five fields, or `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`.
    package init(parsing text: String) throws(CronError) {
        let fields = try CronParser.fields(text)
        let minute = try CronParser.parse(fields[0], as: .minute)
        let hour = try CronParser.parse(fields[1], as: .hour)
        let dayOfMonth = try CronParser.parse(fields[2], as: .dayOfMonth)
        let month = try CronParser.parse(fields[3], as: .month)
        let dayOfWeek = try CronParser.parse(fields[4], as: .dayOfWeek)
        description = text
        minutes = minute.values
        hours = hour.values
        daysOfMonth = dayOfMonth.values
        months = month.values
        // Both 0 and 7 are Sunday.
        daysOfWeek = (dayOfWeek.values | dayOfWeek.values >> 7) & 0x7F
        everyHour = hour.isStar
        eitherDay = !dayOfMonth.isStar && !dayOfWeek.isStar
        guard eitherDay || dateExists else {
            throw CronError(
                field: CronField.dayOfMonth.name, value: fields[2],
                expected: "a day that a month of `\(fields[3])` has; this date never comes")
        }
    }

    private var dateExists: Bool {
        (1...12).contains { month in
            months.has(month) && (1...CivilDate.days(inMonth: month, of: 2000)).contains { daysOfMonth.has($0) }
        }
    }

    /// The first tick after `milliseconds` since the epoch, likewise; nil when none comes before the year 9999 ends.
    package func next(after milliseconds: Int64, in zone: TimeZoneRules) -> Int64? {
        let second = floorDivide(milliseconds, 1000)
        guard (Self.firstSecond..<Self.lastSecond).contains(second) else { return nil }
        let tick = everyHour ? nextShown(after: second, in: zone) : nextOnce(after: second, in: zone)
        return tick.map { $0 * 1000 }
    }

    private static let firstSecond = CivilDate(year: 1, month: 1, day: 2).daysSinceEpoch * 86_400
    private static let lastSecond = CivilDate(year: 9999, month: 12, day: 31).daysSinceEpoch * 86_400

    /// Every minute that the clock shows: stretches with one offset, one after the other.
    private func nextShown(after second: Int64, in zone: TimeZoneRules) -> Int64? {
        var start = second + 1
        while true {
            let offset = zone.offset(at: start)
            let end = zone.nextChange(after: start)
            let local = nextLocal(from: start + offset)
            if let local, end.map({ local - offset < $0 }) ?? true { return local - offset }
            guard let end, end < Self.lastSecond else { return nil }
            start = end
        }
    }

    /// Every matching local time once: the moment at which the clock first reaches or passes it.
    private func nextOnce(after second: Int64, in zone: TimeZoneRules) -> Int64? {
        var local = second + zone.offset(at: second)
        while let match = nextLocal(from: local) {
            let tick =
                switch zone.instant(local: match) {
                case .unique(let instant): instant
                case .fold(let earlier, _): earlier
                case .gap(let jump): jump
                }
            if tick > second { return tick }
            local = match + 60
        }
        return nil
    }

    /// The first matching local time at or after `local`, in seconds.
    private func nextLocal(from local: Int64) -> Int64? {
        let minute = -floorDivide(-local, 60)
        var day = floorDivide(minute, 1440)
        var minuteOfDay = Int(floorRemainder(minute, 1440))
        let lastDay = Self.lastSecond / 86_400
        while day <= lastDay {
            let date = CivilDate(daysSinceEpoch: day)
            if !months.has(date.month) {
                day += Int64(CivilDate.days(inMonth: date.month, of: date.year) - date.day + 1)
            } else if matches(date, day: day), let time = nextTime(from: minuteOfDay) {
                return (day * 1440 + Int64(time)) * 60
            } else {
                day += 1
            }
            minuteOfDay = 0
        }
        return nil
    }

    private func matches(_ date: CivilDate, day: Int64) -> Bool {
        let ofMonth = daysOfMonth.has(date.day)
        let ofWeek = daysOfWeek.has(CivilDate.weekday(daysSinceEpoch: day))
        return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek
    }

    /// The first matching minute of a day at or after `minuteOfDay`.
    private func nextTime(from minuteOfDay: Int) -> Int? {
        for hour in (minuteOfDay / 60)..<24 where hours.has(hour) {
            let first = hour == minuteOfDay / 60 ? minuteOfDay % 60 : 0
            let rest = minutes >> UInt64(first)
            if rest != 0 { return hour * 60 + first + rest.trailingZeroBitCount }
        }
        return nil
    }
}

extension UInt64 {
    fileprivate func has(_ bit: Int) -> Bool { self >> UInt64(bit) & 1 == 1 }
}
