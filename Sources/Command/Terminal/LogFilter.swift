/// Makes a log's bytes harmless to a terminal, piece by piece: text, line feeds, tabs and colours (SGR sequences) pass,
/// every other control character is made visible, and so is each byte that is not UTF-8 (`<FF>`).
package struct LogFilter {
    /// What a piece ended in the middle of: a UTF-8 sequence, an escape sequence, or a carriage return.
    private var pending: [UInt8] = []
    private var coloured = false
    /// A colour sequence has few parameters; what is longer is none.
    private static let longestSequence = 32

    package init() {}

    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        pending.append(contentsOf: bytes)
        return drain(atEnd: false)
    }

    /// The rest, made visible, and the end of a colour that the log left on.
    package mutating func finish() -> [UInt8] {
        var result = drain(atEnd: true)
        if coloured { result += Array("\u{1B}[0m".utf8) }
        coloured = false
        return result
    }

    private mutating func drain(atEnd: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(pending.count)
        var position = 0
        while position < pending.count {
            switch Self.token(pending[position...]) {
            case .text(let length):
                result += pending[position..<position + length]
                position += length
            case .colour(let length):
                result += pending[position..<position + length]
                coloured = true
                position += length
            case .lineEnd(let length):
                result.append(0x0A)
                position += length
            case .shown(let text, let length):
                result += Array(text.utf8)
                position += length
            case .incomplete where atEnd:
                let first = pending[position]
                result += Array(
                    (first < 0x80 ? Printable.visible(Unicode.Scalar(first)) : Self.hexadecimal(first)).utf8)
                position += 1
            case .incomplete:
                pending.removeFirst(position)
                return result
            }
        }
        pending.removeAll(keepingCapacity: true)
        return result
    }

    private enum Token {
        case text(Int)
        case colour(Int)
        case lineEnd(Int)
        case shown(String, Int)
        /// Whether it is one of the others depends on bytes that have not come yet.
        case incomplete
    }

    private static func token(_ rest: ArraySlice<UInt8>) -> Token {
        let first = rest.first!
        switch first {
        case 0x0A, 0x09: return .text(1)
        case 0x0D:
            guard rest.count > 1 else { return .incomplete }
            return rest[rest.startIndex + 1] == 0x0A ? .lineEnd(2) : .shown("^M", 1)
        case 0x1B: return escapeSequence(rest)
        case 0x20..<0x7F:
            return .text(rest.prefix { (0x20..<0x7F).contains($0) }.count)
        case 0x00..<0x80: return .shown(Printable.visible(Unicode.Scalar(first)), 1)
        default: return multibyte(rest)
        }
    }

    private static func escapeSequence(_ rest: ArraySlice<UInt8>) -> Token {
        let body = rest.dropFirst()
        guard let bracket = body.first else { return .incomplete }
        guard bracket == UInt8(ascii: "[") else { return .shown("^[", 1) }
        let parameters = body.dropFirst().prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ":")
        }
        guard parameters.count <= longestSequence else { return .shown("^[", 1) }
        guard parameters.endIndex < rest.endIndex else { return .incomplete }
        return rest[parameters.endIndex] == UInt8(ascii: "m") ? .colour(parameters.count + 3) : .shown("^[", 1)
    }

    private static func multibyte(_ rest: ArraySlice<UInt8>) -> Token {
        let first = rest.first!
        let length =
            switch first {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        guard length > 1 else { return .shown(hexadecimal(first), 1) }
        let sequence = rest.prefix(length)
        guard sequence.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 }) else { return .shown(hexadecimal(first), 1) }
        guard sequence.count == length else { return .incomplete }
        guard let scalar = String(validating: sequence, as: UTF8.self)?.unicodeScalars.first else {
            return .shown(hexadecimal(first), 1)
        }
        return Printable.isHazard(scalar) ? .shown(Printable.visible(scalar), length) : .text(length)
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "<0\(digits)>" : "<\(digits)>"
    }
}
