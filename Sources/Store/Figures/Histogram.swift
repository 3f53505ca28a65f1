/// A distribution of whole numbers in a few dozen bytes: counts in buckets whose width grows with the value.
///
/// Every power of two is cut into eight buckets of one width, so a bucket is at most an eighth as wide as its values are
/// large. A quantile is the middle of its bucket: at most `relativeError` from a value that was recorded. Numbers up to 9,
/// the sum, the count and the maximum are exact. Adding two histograms gives the histogram of both.
package struct Histogram: Sendable, Hashable {
    /// Half of a bucket's width beside its least value.
    package static let relativeError = 0.0625

    struct Bucket: Sendable, Hashable {
        var index: Int
        var count: Int64
    }

    /// Ascending, none of them empty.
    private(set) var buckets: [Bucket] = []
    package private(set) var count: Int64 = 0
    package private(set) var sum: Int64 = 0
    package private(set) var max: Int64 = 0

    package init() {}

    package init(_ values: some Sequence<Int64>) { for value in values { record(value) } }

    package var isEmpty: Bool { count == 0 }
    package var mean: Int64? { count > 0 ? sum / count : nil }

    /// Adds one value; one below zero counts as zero.
    package mutating func record(_ value: Int64) {
        let value = Swift.max(0, value)
        add(1, at: Self.index(of: value))
        count = Self.sum(count, 1)
        sum = Self.sum(sum, value)
        max = Swift.max(max, value)
    }

    package mutating func merge(_ other: Histogram) {
        guard !other.isEmpty else { return }
        if isEmpty {
            self = other
            return
        }
        for bucket in other.buckets { add(bucket.count, at: bucket.index) }
        count = Self.sum(count, other.count)
        sum = Self.sum(sum, other.sum)
        max = Swift.max(max, other.max)
    }

    /// The value that this part of all values do not exceed; nil when there are none.
    ///
    /// - Parameter part: 0 to 1; 0.5 is the median.
    package func quantile(_ part: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = Swift.max(1, Int64((Double(count) * part).rounded(.up)))
        if rank >= count { return max }
        var passed: Int64 = 0
        for bucket in buckets {
            passed = Self.sum(passed, bucket.count)
            guard passed >= rank else { continue }
            let (low, high) = Self.bounds(of: bucket.index)
            return Swift.min(low + (high - low) / 2, max)
        }
        return max
    }

    /// How many values are at most this large. Exact for powers of two, which are bounds of buckets.
    package func count(upTo bound: Int64) -> Int64 {
        var result: Int64 = 0
        for bucket in buckets where Self.bounds(of: bucket.index).high <= bound {
            result = Self.sum(result, bucket.count)
        }
        return result
    }

    private mutating func add(_ amount: Int64, at index: Int) {
        var low = 0
        var high = buckets.count
        while low < high {
            let middle = (low + high) / 2
            if buckets[middle].index < index { low = middle + 1 } else { high = middle }
        }
        if low < buckets.count, buckets[low].index == index {
            buckets[low].count = Self.sum(buckets[low].count, amount)
        } else {
            buckets.insert(Bucket(index: index, count: amount), at: low)
        }
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (result, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : result
    }

    // MARK: Buckets

    static let lastIndex = index(of: .max)

    /// Zero has a bucket of its own, then come eight of one number each, then eight for every power of two. The greatest
    /// number of a bucket belongs to it, so that powers of two are bounds as Prometheus has them (`le`).
    static func index(of value: Int64) -> Int {
        guard value > 0 else { return 0 }
        let number = UInt64(value - 1)
        guard number >= 8 else { return 1 + Int(number) }
        let shift = 60 - number.leadingZeroBitCount
        return 9 + shift * 8 + Int((number >> UInt64(shift)) & 7)
    }

    static func bounds(of index: Int) -> (low: Int64, high: Int64) {
        guard index > 8 else { return (Int64(index), Int64(index)) }
        let (shift, part) = (index - 9).quotientAndRemainder(dividingBy: 8)
        let low = Int64(8 + part) << Int64(shift)
        let width = Int64(1) << Int64(shift)
        let (high, overflow) = low.addingReportingOverflow(width)
        return (low + 1, overflow ? .max : high)
    }
}

// MARK: As it is stored

extension Histogram {
    private static let version: UInt8 = 1

    /// A few bytes for each bucket: numbers of seven bits a byte, the indices as differences.
    package var encoded: [UInt8] {
        var bytes = [Self.version]
        bytes.reserveCapacity(16 + buckets.count * 3)
        Self.append(UInt64(sum), to: &bytes)
        Self.append(UInt64(max), to: &bytes)
        var last = 0
        for bucket in buckets {
            Self.append(UInt64(bucket.index - last), to: &bytes)
            Self.append(UInt64(bucket.count), to: &bytes)
            last = bucket.index
        }
        return bytes
    }

    /// nil for what `encoded` never gives.
    package init?(encoded bytes: some Sequence<UInt8>) {
        var rest = bytes.makeIterator()
        guard rest.next() == Self.version, let sum = Self.number(&rest) ?? nil, let max = Self.number(&rest) ?? nil
        else { return nil }
        (self.sum, self.max) = (sum, max)
        var index = 0
        while let difference = Self.number(&rest) {
            guard let difference, let count = Self.number(&rest) ?? nil, count > 0,
                buckets.isEmpty || difference > 0, difference <= Int64(Self.lastIndex - index)
            else { return nil }
            index += Int(difference)
            buckets.append(Bucket(index: index, count: count))
            self.count = Self.sum(self.count, count)
        }
        guard !buckets.isEmpty || (sum == 0 && max == 0) else { return nil }
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        var number = number
        while number >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        bytes.append(UInt8(number))
    }

    /// nil at the end; a nil within for what is no number.
    private static func number(_ bytes: inout some IteratorProtocol<UInt8>) -> Int64?? {
        guard var byte = bytes.next() else { return nil }
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let part = UInt64(byte & 0x7f)
            guard shift < 63, (part << shift) >> shift == part else { return .some(nil) }
            result |= part << shift
            guard byte & 0x80 != 0 else { return .some(Int64(exactly: result)) }
            shift += 7
            guard let next = bytes.next() else { return .some(nil) }
            byte = next
        }
    }
}
