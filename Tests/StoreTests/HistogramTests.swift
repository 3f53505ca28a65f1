import Testing

@testable import Store

@Suite struct HistogramTests {
    @Test func everyNumberHasOneBucketWithinItsBounds() {
        var numbers: [Int64] = Array(0...5000)
        for shift in 3..<63 {
            let power = Int64(1) << Int64(shift)
            numbers += [power - 1, power, power + 1, power / 8 * 9, power / 8 * 15]
        }
        numbers += [.max, .max - 1]
        var last = (number: Int64(-1), index: -1)
        for number in numbers.sorted() {
            let index = Histogram.index(of: number)
            let (low, high) = Histogram.bounds(of: index)
            #expect(low <= number && number <= high, "\(number) is in \(low)...\(high)")
            #expect(index >= last.index, "\(last.number) before \(number)")
            last = (number, index)
        }
        #expect(Histogram.lastIndex < 512)
    }

    @Test func bucketsFollowEachOtherWithoutGaps() {
        var next: Int64 = 0
        for index in 0..<Histogram.lastIndex {
            let (low, high) = Histogram.bounds(of: index)
            #expect(low == next)
            #expect(Double(high - low) <= Double(low) / 8)
            next = high + 1
        }
        #expect(Histogram.bounds(of: Histogram.lastIndex).high == .max)
    }

    private static let samples: [(name: String, values: [Int64])] = [
        ("one", [42]), ("small", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), ("even", Array(1...10_000)),
        ("squares", (1...3000).map { $0 * $0 }), ("same", Array(repeating: 1_234_567, count: 500)),
        ("two heaps", Array(repeating: 100, count: 90) + Array(repeating: 1_000_000_000, count: 10)),
        ("large", [.max, .max - 1, 1 << 62, 1 << 61]),
    ]

    @Test(arguments: samples)
    func quantilesAreWithinTheErrorOfAValueThatOccurred(name: String, values: [Int64]) throws {
        let histogram = Histogram(values)
        let sorted = values.sorted()
        for part in [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
            let rank = max(1, Int((Double(sorted.count) * part).rounded(.up)))
            let exact = Double(sorted[rank - 1])
            let found = Double(try #require(histogram.quantile(part)))
            #expect(abs(found - exact) <= exact * Histogram.relativeError, "\(name) \(part): \(found), not \(exact)")
        }
        #expect(histogram.quantile(1) == sorted.last)
        #expect(histogram.max == sorted.last)
        #expect(histogram.count == Int64(values.count))
    }

    @Test func nothingHasNoQuantile() {
        #expect(Histogram().quantile(0.5) == nil)
        #expect(Histogram().mean == nil)
        #expect(Histogram().isEmpty)
    }

    @Test func whatIsBelowZeroCountsAsZero() {
        #expect(Histogram([-5, .min]) == Histogram([0, 0]))
    }

    @Test func sumsStopAtTheLargestNumber() {
        #expect(Histogram([.max, .max]).sum == .max)
    }

    @Test func countsUpToPowersOfTwoAreExact() {
        let histogram = Histogram(1...5000)
        for bound in [1, 2, 4, 8, 16, 64, 256, 1024, 4096] as [Int64] {
            #expect(histogram.count(upTo: bound) == bound)
        }
        #expect(histogram.count(upTo: 8192) == 5000)
        #expect(histogram.count(upTo: 0) == 0)
    }

    @Test(arguments: samples)
    func theSumOfPartsIsTheWhole(name: String, values: [Int64]) {
        for cut in [0, 1, values.count / 2, values.count] {
            var left = Histogram(values[..<cut])
            let right = Histogram(values[cut...])
            left.merge(right)
            #expect(left == Histogram(values), "\(name) cut at \(cut)")
        }
    }

    @Test(arguments: samples)
    func isReadAsItWasWritten(name: String, values: [Int64]) {
        let histogram = Histogram(values)
        #expect(Histogram(encoded: histogram.encoded) == histogram)
        #expect(Histogram(encoded: Histogram().encoded) == Histogram())
    }

    @Test func isSmall() {
        // A day of times from a millisecond to a day, as spread as can be.
        #expect(Histogram((0..<5000).map { Int64(1) << Int64($0 % 27) + Int64($0) }).encoded.count < 800)
        #expect(Histogram((0..<5000).map { 4000 + Int64($0) % 1000 }).encoded.count < 30)
    }

    private static let broken: [(String, [UInt8])] = [
        ("nothing", []), ("another version", [2, 0, 0]), ("no maximum", [1, 5]),
        ("a number without an end", [1, 5, 0x80]),
        ("an index without a count", [1, 5, 5, 6]), ("a count of zero", [1, 5, 5, 6, 0]),
        ("the same index twice", [1, 5, 5, 6, 1, 0, 1]), ("an index beyond all", [1, 5, 5, 0xFF, 0xFF, 0x7F, 1]),
        ("a number of more than 63 bits", [1] + [UInt8](repeating: 0xFF, count: 9) + [0x01, 0]),
        ("a sum of nothing", [1, 5, 5]),
    ]

    @Test(arguments: broken)
    func refusesWhatItHasNotWritten(name: String, bytes: [UInt8]) {
        #expect(Histogram(encoded: bytes) == nil)
    }

    @Test func refusesOrReadsAllBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes =
                [1]
                + (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            guard let histogram = Histogram(encoded: bytes) else { continue }
            #expect(Histogram(encoded: histogram.encoded) == histogram)
            _ = histogram.quantile(0.9)
        }
    }
}
