/// The parts of a TZif file (RFC 9636, versions 1 to 4) that conversion needs.
struct TZif {
    /// UTC seconds, ascending.
    var transitions: [Int64] = []
    /// Seconds east of UTC from the transition with the same index on.
    var offsets: [Int64] = []
    /// Before the first transition.
    var initialOffset: Int64 = 0
    /// After the last transition; nil when the file does not say.
    var footer: PosixTimeZone?

    /// A `problem` in words, for `TimeZoneError.malformed`.
    struct Malformed: Error {
        var problem: String

        init(_ problem: String) { self.problem = problem }
    }

    private struct Header {
        static let size = 44
        var version: UInt8
        var isUTCount: Int
        var isStandardCount: Int
        var leapCount: Int
        var transitionCount: Int
        var typeCount: Int
        var characterCount: Int

        func blockSize(timeSize: Int) -> Int {
            transitionCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4)
                + isStandardCount + isUTCount
        }
    }

    init(_ bytes: [UInt8]) throws(Malformed) {
        let first = try Self.header(bytes, at: 0)
        guard first.version != 0 else {
            try readBlock(bytes, first, at: Header.size, timeSize: 4)
            return
        }
        // Later versions repeat the data with 64-bit times after the 32-bit block, which is only there for old readers.
        let second = Header.size + first.blockSize(timeSize: 4)
        let header = try Self.header(bytes, at: second)
        let block = second + Header.size
        try readBlock(bytes, header, at: block, timeSize: 8)

        let newline = UInt8(ascii: "\n")
        let start = block + header.blockSize(timeSize: 8)
        guard start < bytes.count, bytes[start] == newline,
            let end = bytes[(start + 1)...].firstIndex(of: newline)
        else { throw Malformed("it has no footer") }
        guard end > start + 1 else { return }
        guard let rule = PosixTimeZone(parsing: bytes[(start + 1)..<end]) else {
            throw Malformed("its footer is not a POSIX time zone rule")
        }
        footer = rule
    }

    private static func header(_ bytes: [UInt8], at start: Int) throws(Malformed) -> Header {
        guard bytes.count >= start + Header.size else { throw Malformed("it ends early") }
        guard bytes[start..<(start + 4)].elementsEqual("TZif".utf8) else {
            throw Malformed("it does not begin with `TZif`")
        }
        func count(_ index: Int) -> Int { Int(bigEndian(bytes, at: start + 20 + 4 * index, size: 4) & 0xFFFF_FFFF) }
        let header = Header(
            version: bytes[start + 4], isUTCount: count(0), isStandardCount: count(1), leapCount: count(2),
            transitionCount: count(3), typeCount: count(4), characterCount: count(5))
        guard header.leapCount == 0 else {
            throw Malformed("it counts leap seconds (a `right/` zone), which POSIX time does not")
        }
        guard header.typeCount > 0 else { throw Malformed("it has no local time type") }
        return header
    }

    private mutating func readBlock(
        _ bytes: [UInt8], _ header: Header, at start: Int, timeSize: Int
    ) throws(Malformed) {
        guard bytes.count >= start + header.blockSize(timeSize: timeSize) else { throw Malformed("it ends early") }
        let indices = start + header.transitionCount * timeSize
        let types = indices + header.transitionCount
        let offsetOfType = (0..<header.typeCount).map { Self.bigEndian(bytes, at: types + $0 * 6, size: 4) }
        // RFC 9636 section 3.2: utoff SHOULD lie between -24:59:59 and 25:59:59. Conversion relies on it.
        guard offsetOfType.allSatisfy({ (-89_999...93_599).contains($0) }) else {
            throw Malformed("an offset from UTC is more than a day")
        }
        initialOffset = offsetOfType[0]
        for index in 0..<header.transitionCount {
            let at = Self.bigEndian(bytes, at: start + index * timeSize, size: timeSize)
            let type = Int(bytes[indices + index])
            guard type < offsetOfType.count else { throw Malformed("a transition names a type that is not there") }
            if let last = transitions.last, at <= last { throw Malformed("its transitions are not in order") }
            transitions.append(at)
            offsets.append(offsetOfType[type])
        }
    }

    /// Sign-extended; the caller has checked the bounds.
    private static func bigEndian(_ bytes: [UInt8], at start: Int, size: Int) -> Int64 {
        var value: Int64 = bytes[start] & 0x80 == 0 ? 0 : -1
        for byte in bytes[start..<(start + size)] { value = value << 8 | Int64(byte) }
        return value
    }
}
