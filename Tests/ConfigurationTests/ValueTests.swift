import Configuration
import Testing

@Suite struct ValueTests {
    @Test(arguments: [
        ("0", 0), ("123", 123), ("512K", 524_288), ("1.5G", 1_610_612_736), ("2T", 2_199_023_255_552),
        ("16M", 16_777_216),
    ])
    func readsSizes(_ text: String, _ bytes: Int64) {
        #expect(ByteSize(parsing: text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "K", "-1", "1.5", ".5G", "5.G", "1KB", "1k", "99999999999T", "9223372036854775808", "1e3", " 1",
    ])
    func refusesOtherSizes(_ text: String) {
        #expect(ByteSize(parsing: text) == nil)
    }

    @Test(arguments: [("1073741824", "1G"), ("1536", "1536"), ("2048", "2K"), ("0", "0")])
    func showsSizes(_ bytes: String, _ text: String) {
        #expect(ByteSize(parsing: bytes)?.description == text)
    }

    @Test(arguments: [
        ("0s", 0), ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000),
        ("1h30m", 5_400_000), ("1d2h3m4s5ms", 93_784_005),
    ])
    func readsAndShowsDurations(_ text: String, _ milliseconds: Int64) {
        #expect(Timespan(parsing: text)?.milliseconds == milliseconds)
        #expect(Timespan(milliseconds: milliseconds).description == text)
    }

    @Test(arguments: ["", "5", "s", "-5s", "1.5h", "5m2h", "1m1m", "5 m", "5min", "99999999999999999d", "٣s"])
    func refusesOtherDurations(_ text: String) {
        #expect(Timespan(parsing: text) == nil)
    }
}
