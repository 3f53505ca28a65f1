/// Which bytes a request's Range wants of something of a known size (RFC 9110, section 14).
enum ByteRange: Sendable, Hashable {
    /// All of it: there is no Range, it cannot be read, is in another unit, or asks for several parts at once, which a
    /// server need not give.
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    init(_ header: String?, size: Int64) {
        self = .whole
        guard let header, let equals = header.firstIndex(of: "="),
            header[..<equals].lowercased() == "bytes", !header.contains(",")
        else { return }
        let text = header[header.index(after: equals)...].utf8.drop { $0 == 0x20 || $0 == 0x09 }
        let parts = text.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let end = parts[1].reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed()
        switch (parts[0].isEmpty, end.isEmpty) {
        case (true, true): return
        case (true, false):
            guard let count = Self.number(end) else { return }
            if count == 0 { self = .unsatisfiable } else if size > 0 { self = .part(max(0, size - count)..<size) }
        case (false, _):
            guard let first = Self.number(parts[0]) else { return }
            var last = Int64.max
            if !end.isEmpty {
                guard let number = Self.number(end), number >= first else { return }
                last = number
            }
            self = first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
        }
    }

    /// Digits alone; what is too large is as large as can be.
    private static func number(_ text: some Collection<UInt8>) -> Int64? {
        guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(String(decoding: text, as: UTF8.self)) ?? .max
    }
}
