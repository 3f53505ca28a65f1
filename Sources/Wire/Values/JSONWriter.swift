/// Writes JSON straight into bytes, where the coder's detours would be most of a request's cost. It writes what `WireJSON`
/// would: the caller gives the names in order, and no spaces.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8]
    /// Something stands before the next member or element, from which a comma separates it.
    private var needsComma = false

    package init(capacity: Int = 1024) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    package mutating func endObject() { end(UInt8(ascii: "}")) }
    package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    package mutating func endArray() { end(UInt8(ascii: "]")) }

    /// A member's name; its value comes next.
    package mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func value(_ text: String) {
        separate()
        var text = text
        text.withUTF8 { append(quoting: $0) }
        needsComma = true
    }

    package mutating func value(_ number: some FixedWidthInteger & SignedInteger) {
        separate()
        append(decimal: Int64(number))
        needsComma = true
    }

    package mutating func value(_ time: Timestamp) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(time)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Something that is JSON already.
    package mutating func value(json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    // MARK: Bytes

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    /// RFC 8259, section 7.
    private mutating func append(quoting text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        guard text.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) else {
            bytes.append(contentsOf: text)
            bytes.append(UInt8(ascii: "\""))
            return
        }
        var start = 0
        for (index, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
            bytes.append(contentsOf: text[start..<index])
            start = index + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case 0x22, 0x5C: bytes.append(byte)
            case 0x08: bytes.append(UInt8(ascii: "b"))
            case 0x09: bytes.append(UInt8(ascii: "t"))
            case 0x0A: bytes.append(UInt8(ascii: "n"))
            case 0x0C: bytes.append(UInt8(ascii: "f"))
            case 0x0D: bytes.append(UInt8(ascii: "r"))
            default:
                bytes.append(contentsOf: "u00".utf8)
                bytes.append(Self.hexadecimal(byte >> 4))
                bytes.append(Self.hexadecimal(byte & 15))
            }
        }
        bytes.append(contentsOf: text[start...])
        bytes.append(UInt8(ascii: "\""))
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }

    private mutating func append(decimal number: Int64) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// What `Timestamp.description` gives.
    private mutating func append(_ time: Timestamp) {
        // The years of four digits, from 0000 to 9999; others are not worth a second way.
        guard (-62_167_219_200_000..<253_402_300_800_000).contains(time.milliseconds) else {
            bytes.append(contentsOf: time.description.utf8)
            return
        }
        let (days, inDay) = Self.divided(time.milliseconds, by: 86_400_000)
        let date = Timestamp.date(daysSinceEpoch: Int(days))
        let rest = Int(inDay)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
            func put(_ number: Int, _ digits: Int, at position: Int, then separator: Unicode.Scalar) {
                var number = number
                for place in stride(from: position + digits - 1, through: position, by: -1) {
                    text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
                    number /= 10
                }
                text[position + digits] = UInt8(ascii: separator)
            }
            put(date.year, 4, at: 0, then: "-")
            put(date.month, 2, at: 5, then: "-")
            put(date.day, 2, at: 8, then: "T")
            put(rest / 3_600_000, 2, at: 11, then: ":")
            put(rest / 60_000 % 60, 2, at: 14, then: ":")
            put(rest / 1000 % 60, 2, at: 17, then: ".")
            put(rest % 1000, 3, at: 20, then: "Z")
            bytes.append(contentsOf: text)
        }
    }

    /// Rounded down, so that the rest is never negative.
    private static func divided(_ number: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }
}

/// JSON that is looked at as bytes.
package enum JSONBytes {
    /// Whether it is an object of nothing but strings, without spaces: what this program's coder makes of parameters, and
    /// what then need not be read and written once more.
    package static func isPlainStringMap(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count >= 2, bytes[0] == UInt8(ascii: "{") else { return false }
            var position = 1
            if bytes.count == 2 { return bytes[1] == UInt8(ascii: "}") }
            while true {
                guard let colon = endOfString(bytes, from: position), colon < bytes.count,
                    bytes[colon] == UInt8(ascii: ":"), let end = endOfString(bytes, from: colon + 1),
                    end < bytes.count
                else { return false }
                if bytes[end] == UInt8(ascii: "}") { return end == bytes.count - 1 }
                guard bytes[end] == UInt8(ascii: ",") else { return false }
                position = end + 1
            }
        }
    }

    private static func endOfString(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else { return nil }
        var position = start + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"):
                // What a Launcher wrote has no other escapes than those; where one has four digits they are plain text here.
                guard position + 1 < bytes.count, "\"\\bfnrtu".utf8.contains(bytes[position + 1]) else { return nil }
                position += 2
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }

    /// The object with those of its members whose names are wanted, as they are.
    ///
    /// - Parameter object: as `WireJSON` writes it: without spaces, and with no escapes in the names.
    package static func members(of object: [UInt8], named wanted: Set<String>) -> [UInt8] {
        var result = [UInt8(ascii: "{")]
        var position = 1
        while position < object.count, object[position] == UInt8(ascii: "\"") {
            guard let colon = object[position...].firstIndex(of: UInt8(ascii: ":")) else { break }
            let end = endOfValue(object, from: colon + 1)
            if wanted.contains(String(decoding: object[position + 1..<colon - 1], as: UTF8.self)) {
                if result.count > 1 { result.append(UInt8(ascii: ",")) }
                result.append(contentsOf: object[position..<end])
            }
            position = end + 1
        }
        result.append(UInt8(ascii: "}"))
        return result
    }

    /// Where the comma or the bracket behind a value is.
    private static func endOfValue(_ bytes: [UInt8], from start: Int) -> Int {
        var (position, depth, isInString) = (start, 0, false)
        while position < bytes.count {
            let byte = bytes[position]
            if isInString {
                if byte == UInt8(ascii: "\\") {
                    position += 1
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return position }
                    depth -= 1
                case UInt8(ascii: ",") where depth == 0: return position
                default: break
                }
            }
            position += 1
        }
        return position
    }
}
