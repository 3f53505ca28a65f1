import Sandbox
import Testing
import Wire

@testable import API

@Suite struct ByteRangeTests {
    @Test(
        arguments: [
            (nil, 10, .whole), ("bytes=0-4", 10, .part(0..<5)), ("bytes=5-", 10, .part(5..<10)),
            ("bytes=-3", 10, .part(7..<10)), ("bytes=-30", 10, .part(0..<10)), ("bytes=9-9", 10, .part(9..<10)),
            ("bytes=0-99999999999999999999999", 10, .part(0..<10)), ("bytes=8-9223372036854775807", 10, .part(8..<10)),
            ("Bytes= 1-2 ", 10, .part(1..<3)), ("bytes=10-", 10, .unsatisfiable), ("bytes=10-12", 10, .unsatisfiable),
            ("bytes=99999999999999999999-", 10, .unsatisfiable), ("bytes=-0", 10, .unsatisfiable),
            ("bytes=0-", 0, .unsatisfiable), ("bytes=-5", 0, .whole),
            // Not to be read, in another unit, or several: as if it were not there.
            ("bytes=4-2", 10, .whole), ("bytes=-", 10, .whole), ("bytes=", 10, .whole), ("bytes", 10, .whole),
            ("bytes=a-b", 10, .whole), ("bytes=+1-2", 10, .whole), ("bytes=1-2-3", 10, .whole),
            ("bytes=--1", 10, .whole),
            ("items=0-4", 10, .whole), ("bytes=0-1,4-5", 10, .whole), ("bytes=1 -2", 10, .whole), ("", 10, .whole),
        ] as [(String?, Int64, ByteRange)])
    func reads(header: String?, size: Int64, range: ByteRange) { #expect(ByteRange(header, size: size) == range) }
}
