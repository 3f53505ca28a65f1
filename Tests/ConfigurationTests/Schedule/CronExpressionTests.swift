import Configuration
import FoundationEssentials
import Testing

struct CronExpressionTests {
    /// The ticks that follow a UTC time, in UTC.
    private func ticks(_ expression: String, after: String, _ count: Int, in zone: TimeZoneRules) throws -> [String] {
        let cron = try CronExpression(parsing: expression)
        var time = try seconds(after) * 1000
        return try (0..<count).map { _ in
            time = try #require(cron.next(after: time, in: zone))
            #expect(time % 1000 == 0)
            return String(Date(timeIntervalSince1970: Double(time / 1000)).formatted(.iso8601).dropLast())
        }
    }

    @Test(arguments: [
        ("*/5 * * * *", "2026-11-24T13:02:00", ["2026-11-24T13:05:00", "2026-11-24T13:10:00"]),
        ("*/5 * * * *", "2026-11-24T13:05:00", ["2026-11-24T13:10:00"]),
        ("* * * * *", "2026-12-31T23:59:30", ["2027-01-01T00:00:00"]),
        ("0 0 29 2 *", "2096-03-01T00:00:00", ["2104-02-29T00:00:00"]),
        ("0 0 29 2 */7", "2026-01-01T00:00:00", ["2032-02-29T00:00:00", "2060-02-29T00:00:00"]),
        ("0 0 31 * *", "2026-01-31T00:00:00", ["2026-03-31T00:00:00", "2026-05-31T00:00:00"]),
        // Neither day field is a star: either one matches.
        ("0 0 13 * FRI", "2026-11-01T00:00:00", ["2026-11-06T00:00:00", "2026-11-13T00:00:00"]),
        ("0 0 15 * MON", "2026-12-10T00:00:00", ["2026-12-14T00:00:00", "2026-12-15T00:00:00"]),
        ("0 0 */2 * MON", "2026-12-06T00:00:00", ["2026-12-07T00:00:00", "2026-12-21T00:00:00"]),
        ("0 0 30 2 MON", "2026-01-01T00:00:00", ["2026-02-02T00:00:00", "2026-02-09T00:00:00"]),
        ("0 12 * * 0", "2026-11-24T00:00:00", ["2026-11-29T12:00:00"]),
        ("0 12 * * 7", "2026-11-24T00:00:00", ["2026-11-29T12:00:00"]),
        (
            "0 12 * * fri-sun", "2026-11-26T00:00:00",
            ["2026-11-27T12:00:00", "2026-11-28T12:00:00", "2026-11-29T12:00:00", "2026-12-04T12:00:00"]
        ),
        (
            "15,45 8-10/2 1 jan,Jul *", "2026-01-01T08:20:00",
            ["2026-01-01T08:45:00", "2026-01-01T10:15:00", "2026-01-01T10:45:00", "2026-07-01T08:15:00"]
        ),
        ("@hourly", "2026-01-01T08:20:00", ["2026-01-01T09:00:00"]),
        ("@daily", "2026-01-01T00:00:00", ["2026-01-02T00:00:00"]),
        ("@weekly", "2026-11-24T00:00:00", ["2026-11-29T00:00:00"]),
        ("@monthly", "2026-11-24T00:00:00", ["2026-12-01T00:00:00"]),
        ("@yearly", "2026-11-24T00:00:00", ["2027-01-01T00:00:00"]),
        ("0 0 1 1 *", "1969-06-01T00:00:00", ["1970-01-01T00:00:00"]),
    ])
    func inUTC(expression: String, after: String, expected: [String]) throws {
        #expect(try ticks(expression, after: after, expected.count, in: .utc) == expected)
    }

    @Test(
        arguments: [
            // Skipped local time: once, right after the gap; the next day at its own time.
            (.berlin, "30 2 * * *", "2026-03-28T12:00:00", ["2026-03-29T01:00:00", "2026-03-30T00:30:00"]),
            (.berlin, "*/20 2 * * *", "2026-03-28T12:00:00", ["2026-03-29T01:00:00", "2026-03-30T00:00:00"]),
            (.berlin, "0 2,3 * * *", "2026-03-28T12:00:00", ["2026-03-29T01:00:00", "2026-03-30T00:00:00"]),
            // Shown twice: the first time only.
            (.berlin, "30 2 * * *", "2026-10-24T12:00:00", ["2026-10-25T00:30:00", "2026-10-26T01:30:00"]),
            (.berlin, "*/20 2 * * *", "2026-10-25T00:30:00", ["2026-10-25T00:40:00", "2026-10-26T01:00:00"]),
            (.berlin, "30 2 * * *", "2026-10-25T01:10:00", ["2026-10-26T01:30:00"]),
            // The hour is a star: every minute that the clock shows.
            (.berlin, "30 * * * *", "2026-03-28T23:45:00", ["2026-03-29T00:30:00", "2026-03-29T01:30:00"]),
            (
                .berlin, "30 * * * *", "2026-10-24T23:45:00",
                ["2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-25T02:30:00"]
            ),
            (
                .berlin, "*/20 * * * *", "2026-10-25T00:30:00",
                ["2026-10-25T00:40:00", "2026-10-25T01:00:00", "2026-10-25T01:20:00"]
            ),
            (.berlin, "0 */2 * * *", "2026-03-28T23:30:00", ["2026-03-29T02:00:00", "2026-03-29T04:00:00"]),
            (.newYork, "0 9 * * MON-FRI", "2050-03-11T12:00:00", ["2050-03-11T14:00:00", "2050-03-14T13:00:00"]),
            (.kolkata, "0 0 * * *", "2026-01-01T00:00:00", ["2026-01-01T18:30:00"]),
            // Half an hour of daylight saving.
            (.lordHowe, "15 2 * * *", "2026-10-03T00:00:00", ["2026-10-03T15:30:00", "2026-10-04T15:15:00"]),
            (.lordHowe, "45 1 * * *", "2026-04-04T12:00:00", ["2026-04-04T14:45:00", "2026-04-05T15:15:00"]),
            (
                .lordHowe, "45 * * * *", "2026-04-04T14:00:00",
                ["2026-04-04T14:45:00", "2026-04-04T15:15:00", "2026-04-04T16:15:00"]
            ),
            // A whole day skipped.
            (
                .apia, "0 12 * * *", "2011-12-29T12:00:00",
                ["2011-12-29T22:00:00", "2011-12-30T10:00:00", "2011-12-30T22:00:00"]
            ),
            (.apia, "0 12 30 12 *", "2011-12-29T12:00:00", ["2011-12-30T10:00:00", "2012-12-29T22:00:00"]),
        ] as [(ZoneFixture, String, String, [String])])
    func daylightSaving(zone: ZoneFixture, expression: String, after: String, expected: [String]) throws {
        #expect(try ticks(expression, after: after, expected.count, in: zone.rules()) == expected)
    }

    @Test func endsWithTheYear9999() throws {
        let cron = try CronExpression(parsing: "* * * * *")
        #expect(cron.next(after: .max, in: .utc) == nil)
        #expect(cron.next(after: .min, in: .utc) == nil)
        #expect(cron.next(after: -1, in: .utc) == 0)
    }

    @Test(arguments: [
        ("", "expression ``: expected five fields (minute, hour, day of month, month, day of week), found 0"),
        (
            "* * * *",
            "expression `* * * *`: expected five fields (minute, hour, day of month, month, day of week), found 4"
        ),
        (
            "@reboot",
            "expression `@reboot`: expected five fields or one of @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly"
        ),
        ("60 * * * *", "minute `60`: expected 0 to 59, found `60`"),
        ("-1 * * * *", "minute `-1`: expected 0 to 59, found ``"),
        ("+1 * * * *", "minute `+1`: expected 0 to 59, found `+1`"),
        ("* 24 * * *", "hour `24`: expected 0 to 23, found `24`"),
        ("* * 0 * *", "day of month `0`: expected 1 to 31, found `0`"),
        ("* * ? * *", "day of month `?`: expected 1 to 31, found `?`"),
        ("* * * 13 *", "month `13`: expected 1 to 12 or JAN to DEC, found `13`"),
        ("* * * JANUARY *", "month `JANUARY`: expected 1 to 12 or JAN to DEC, found `JANUARY`"),
        ("* * * * 8", "day of week `8`: expected 0 to 7 or SUN to SAT, found `8`"),
        ("5/15 * * * *", "minute `5/15`: expected `*` or a range before the step, as `5-59/15`"),
        ("*/0 * * * *", "minute `*/0`: expected a step of 1 to 59, found `0`"),
        ("*/ * * * *", "minute `*/`: expected a step of 1 to 59, found ``"),
        ("1,,2 * * * *", "minute `1,,2`: expected 0 to 59 between the commas"),
        ("30-10 * * * *", "minute `30-10`: expected a range that runs upwards, found `30-10`"),
        ("* * * * FRI-MON", "day of week `FRI-MON`: expected a range that runs upwards, found `FRI-MON`"),
        ("0 0 30 2 *", "day of month `30`: expected a day that a month of `2` has; this date never comes"),
        (
            "0 0 31 4,6,9,11 *",
            "day of month `31`: expected a day that a month of `4,6,9,11` has; this date never comes"
        ),
    ])
    func refusal(expression: String, message: String) throws {
        let error = #expect(throws: CronError.self) { try CronExpression(parsing: expression) }
        #expect(error?.description == message)
    }
}
