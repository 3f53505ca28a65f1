/// The last lines of a log, made readable. Hostile bytes: whatever a Script wrote.
package enum LogEnd {
    /// Bytes of a log's end that are looked at.
    package static let bytes = 8192
    static let longestLine = 400
    private static let mostLines = 40

    /// The lines that are not empty, in order: without escape sequences and control characters, and of a line that was
    /// written over (progress with carriage returns) what it said last.
    ///
    /// - Parameter isWhole: the bytes are the log from its beginning; else the first line is a part of one and is left out.
    package static func lines(_ bytes: some Collection<UInt8>, isWhole: Bool) -> [String] {
        var lines: [String] = []
        var rest = Array(bytes)[...]
        if !isWhole {
            // One endless line has no other: its end is better than nothing.
            if let newline = rest.firstIndex(of: 0x0A), newline + 1 < rest.endIndex { rest = rest[(newline + 1)...] }
        }
        for part in rest.split(separator: 0x0A) {
            let text = readable(String(decoding: part, as: UTF8.self))
            if !text.isEmpty { lines.append(text) }
        }
        return Array(lines.suffix(mostLines))
    }

    private static func readable(_ line: String) -> String {
        var result = String.UnicodeScalarView()
        var written = String.UnicodeScalarView()
        var scalars = line.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            switch scalar.value {
            case 0x1B: skipEscape(&next, &scalars)
            case 0x0D:
                if result.contains(where: { $0 != " " }) { written = result }
                result = String.UnicodeScalarView()
            case 0x09: result.append(" ")
            // C0, DEL, C1, and what reverses or hides text.
            case ..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: break
            default: result.append(scalar)
            }
        }
        if !result.contains(where: { $0 != " " }) { result = written }
        return trimmed(String(result.prefix(longestLine)))
    }

    /// ECMA-48: a control sequence ends at the first byte from @ to ~, a string (of OSC, DCS and the like) at BEL or ESC \.
    private static func skipEscape(
        _ next: inout Unicode.Scalar?, _ scalars: inout String.UnicodeScalarView.Iterator
    ) {
        guard let kind = next else { return }
        next = scalars.next()
        switch kind {
        case "[":
            while let scalar = next, !("@"..."~").contains(scalar) { next = scalars.next() }
            next = scalars.next()
        case "]", "P", "X", "^", "_":
            while let scalar = next, scalar.value != 0x07, scalar.value != 0x1B { next = scalars.next() }
            if next?.value == 0x1B { next = scalars.next() }
            next = scalars.next()
        // Other sequences have intermediate bytes, and one that ends them.
        case " "..."/": next = scalars.next()
        default: break
        }
    }

    static func trimmed(_ text: String) -> String {
        var part = text[...]
        while part.last == " " { part.removeLast() }
        while part.first == " " { part.removeFirst() }
        return String(part)
    }
}
