import Configuration
import FoundationEssentials
import Testing

/// Seconds since the epoch of a UTC time, read by code that is not under test.
func seconds(_ text: String) throws -> Int64 {
    Int64(try Date("\(text)Z", strategy: .iso8601).timeIntervalSince1970)
}

/// The expected values are those of Python's zoneinfo with tz database 2025b.
struct TimeZoneRulesTests {
    @Test(
        arguments: [
            (.berlin, "1985-01-01T00:00:00", 3600),
            (.berlin, "1985-07-01T00:00:00", 7200),
            (.berlin, "1995-09-24T00:59:59", 7200),
            (.berlin, "1995-09-24T01:00:00", 3600),
            (.berlin, "1996-03-31T00:59:59", 3600),
            (.berlin, "1996-03-31T01:00:00", 7200),
            (.berlin, "1999-12-31T00:00:00", 3600),
            (.berlin, "2026-03-29T00:59:59", 3600),
            (.berlin, "2026-03-29T01:00:00", 7200),
            (.berlin, "2026-10-25T00:59:59", 7200),
            (.berlin, "2026-10-25T01:00:00", 3600),
            (.berlin, "2038-07-01T00:00:00", 7200),
            (.berlin, "2100-01-01T00:00:00", 3600),
            (.berlin, "2399-07-01T00:00:00", 7200),
            (.newYork, "2006-04-02T06:59:59", -18000),
            (.newYork, "2006-04-02T07:00:00", -14400),
            (.newYork, "2007-03-11T07:00:00", -14400),
            (.newYork, "2026-11-01T05:59:59", -14400),
            (.newYork, "2026-11-01T06:00:00", -18000),
            (.newYork, "2050-07-04T00:00:00", -14400),
            (.kolkata, "1990-01-01T00:00:00", 19800),
            (.kolkata, "2026-06-01T00:00:00", 19800),
            (.kolkata, "2500-01-01T00:00:00", 19800),
            (.lordHowe, "2005-01-01T00:00:00", 39600),
            (.lordHowe, "2005-07-01T00:00:00", 37800),
            (.lordHowe, "2026-04-04T14:59:59", 39600),
            (.lordHowe, "2026-04-04T15:00:00", 37800),
            (.lordHowe, "2026-10-03T15:29:59", 37800),
            (.lordHowe, "2026-10-03T15:30:00", 39600),
            (.lordHowe, "2045-01-01T00:00:00", 39600),
            (.casablanca, "2084-12-01T00:00:00", 3600),
            (.casablanca, "2085-11-01T00:00:00", 3600),
            (.casablanca, "2086-10-20T00:00:00", 3600),
            (.casablanca, "2087-04-20T00:00:00", 0),
            (.casablanca, "2087-05-12T00:00:00", 3600),
            (.casablanca, "2090-01-01T00:00:00", 3600),
            (.casablanca, "2200-08-01T00:00:00", 3600),
            (.apia, "2011-12-30T09:59:59", -36000),
            (.apia, "2011-12-30T10:00:00", 50400),
            (.apia, "2012-06-01T00:00:00", 46800),
            (.apia, "2020-01-01T00:00:00", 50400),
            (.apia, "2026-01-01T00:00:00", 46800),
            (.dublin, "2000-01-01T00:00:00", 0),
            (.dublin, "2000-07-01T00:00:00", 3600),
            (.dublin, "2026-01-01T00:00:00", 0),
            (.dublin, "2026-07-01T00:00:00", 3600),
            (.dublin, "2050-03-27T01:00:00", 3600),
            (.dublin, "2050-03-27T00:59:59", 0),
        ] as [(ZoneFixture, String, Int64)])
    func offset(zone: ZoneFixture, utc: String, expected: Int64) throws {
        #expect(try zone.rules().offset(at: seconds(utc)) == expected)
    }

    enum Meaning {
        case once(String)
        case twice(String, String)
        case never(String)
    }

    @Test(
        arguments: [
            (.berlin, "2026-03-29T01:59:59", .once("2026-03-29T00:59:59")),
            (.berlin, "2026-03-29T02:00:00", .never("2026-03-29T01:00:00")),
            (.berlin, "2026-03-29T02:59:59", .never("2026-03-29T01:00:00")),
            (.berlin, "2026-03-29T03:00:00", .once("2026-03-29T01:00:00")),
            (.berlin, "2026-10-25T01:59:59", .once("2026-10-24T23:59:59")),
            (.berlin, "2026-10-25T02:00:00", .twice("2026-10-25T00:00:00", "2026-10-25T01:00:00")),
            (.berlin, "2026-10-25T02:59:59", .twice("2026-10-25T00:59:59", "2026-10-25T01:59:59")),
            (.berlin, "2026-10-25T03:00:00", .once("2026-10-25T02:00:00")),
            (.berlin, "1995-09-24T02:30:00", .twice("1995-09-24T00:30:00", "1995-09-24T01:30:00")),
            (.newYork, "2050-03-13T02:30:00", .never("2050-03-13T07:00:00")),
            (.newYork, "2026-11-01T01:30:00", .twice("2026-11-01T05:30:00", "2026-11-01T06:30:00")),
            (.lordHowe, "2026-04-05T01:45:00", .twice("2026-04-04T14:45:00", "2026-04-04T15:15:00")),
            (.lordHowe, "2026-10-04T02:15:00", .never("2026-10-03T15:30:00")),
            (.lordHowe, "2026-10-04T02:30:00", .once("2026-10-03T15:30:00")),
            (.apia, "2011-12-30T12:00:00", .never("2011-12-30T10:00:00")),
            (.apia, "2011-12-31T00:00:00", .once("2011-12-30T10:00:00")),
            (.kolkata, "2026-01-01T05:30:00", .once("2026-01-01T00:00:00")),
        ] as [(ZoneFixture, String, Meaning)])
    func local(zone: ZoneFixture, local: String, meaning: Meaning) throws {
        let expected: TimeZoneRules.Instant =
            switch meaning {
            case .once(let utc): .unique(try seconds(utc))
            case .twice(let first, let second): .fold(earlier: try seconds(first), later: try seconds(second))
            case .never(let jump): .gap(try seconds(jump))
            }
        #expect(try zone.rules().instant(local: seconds(local)) == expected)
    }

    @Test func utcNeedsNoDatabase() throws {
        #expect(try TimeZoneRules.load(named: "UTC").offset(at: 0) == 0)
        #expect(TimeZoneRules.utc.nextChange(after: 0) == nil)
        #expect(TimeZoneRules.utc.instant(local: 5) == .unique(5))
    }

    @Test(arguments: [
        "", "/etc/passwd", "../UTC", "Europe/../UTC", "Europe//Berlin", "Europe/", "Europe/Berlin\0", "Zürich", ".",
    ])
    func nameIsRefused(name: String) {
        #expect(throws: TimeZoneError.invalidName(name)) { try TimeZoneRules.load(named: name) }
    }

    @Test(
        .enabled("needs the tz database at /usr/share/zoneinfo (package tzdata)") {
            (try? TimeZoneRules.load(named: "Europe/Berlin")) != nil
        })
    func loadsFromTheSystem() throws {
        let berlin = try TimeZoneRules.load(named: "Europe/Berlin")
        #expect(berlin.name == "Europe/Berlin")
        #expect(berlin.offset(at: try seconds("2040-07-01T00:00:00")) == 7200)
        #expect(berlin.offset(at: try seconds("1900-01-01T00:00:00")) == 3600)
        #expect(throws: TimeZoneError.unknown("Europe/Nowhere")) { try TimeZoneRules.load(named: "Europe/Nowhere") }
        #expect(throws: TimeZoneError.unknown("Europe")) { try TimeZoneRules.load(named: "Europe") }
    }

    /// Whatever is cut off or turned over, the answer is an error or a zone, never a trap.
    @Test(arguments: ZoneFixture.allCases)
    func survivesDamage(zone: ZoneFixture) {
        let bytes = zone.bytes
        for length in 0..<bytes.count {
            #expect(throws: TimeZoneError.self) { try TimeZoneRules(name: "x", tzif: Array(bytes[..<length])) }
        }
        for index in bytes.indices {
            for value: UInt8 in [0, 0x7F, 0x80, 0xFF] {
                var damaged = bytes
                damaged[index] = value
                guard let rules = try? TimeZoneRules(name: "x", tzif: damaged) else { continue }
                _ = rules.offset(at: 4_000_000_000)
            }
        }
    }

    @Test(arguments: [
        ("CET-1CEST,M3.5.0", "its footer is not a POSIX time zone rule"),
        ("CE-1", "its footer is not a POSIX time zone rule"),
        ("<+01", "its footer is not a POSIX time zone rule"),
        ("XXX3EDT4,M13.1.0,J365/23", "its footer is not a POSIX time zone rule"),
        ("XXX3EDT4,0/0,J365/168", "its footer is not a POSIX time zone rule"),
    ])
    func footerIsRefused(footer: String, problem: String) {
        #expect(throws: TimeZoneError.malformed(name: "x", problem: problem)) {
            try TimeZoneRules(name: "x", tzif: Self.file(footer: footer))
        }
    }

    @Test(
        arguments: [
            // RFC 9636 section 3.3.1: daylight saving the whole year.
            ("XXX3EDT4,0/0,J365/23", "2026-12-31T23:59:59", -14_400),
            ("XXX3EDT4,0/0,J365/23", "2027-01-01T03:00:00", -14_400),
            ("XXX3EDT4,0/0,J365/23", "2028-02-29T12:00:00", -14_400),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59", -7200),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00", -3600),
            // Southern summer, and J60 is 1 March in a leap year too.
            ("AAA-10BBB,J300,J60/3", "2028-02-29T15:59:59", 39_600),
            ("AAA-10BBB,J300,J60/3", "2028-02-29T16:00:00", 36_000),
            ("AAA-10BBB,J300,59/3", "2028-02-28T16:00:00", 36_000),
            ("LMT0:01:15", "2026-01-01T00:00:00", -75),
        ] as [(String, String, Int64)])
    func footer(footer: String, utc: String, expected: Int64) throws {
        #expect(try TimeZoneRules(name: "x", tzif: Self.file(footer: footer)).offset(at: seconds(utc)) == expected)
    }

    /// A version 2 file without transitions: the footer governs all times.
    private static func file(footer: String) -> [UInt8] {
        let counts: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
        let block = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + counts + [0, 0, 0, 0, 0, 0, 0]
        return block + block + Array("\n\(footer)\n".utf8)
    }
}
