/// A number of bytes, written `512K`, `4G` (binary multiples) in files and shown the same way.
package struct ByteSize: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package var bytes: Int64

    package init(bytes: Int64) { self.bytes = bytes }

    private static let units: [(suffix: Character, shift: Int64)] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)]

    /// Reads `123`, `512K`, `1.5G`, `16M`, `2T`; nil for anything else, a negative or an overflowing number.
    package init?(parsing text: String) {
        var digits = Substring(text)
        var shift: Int64 = 0
        if let last = digits.last, let unit = Self.units.first(where: { $0.suffix == last }) {
            digits.removeLast()
            shift = unit.shift
        }
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
        if let whole = Int64(digits) {
            let (bytes, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
            guard !overflow else { return nil }
            self.init(bytes: bytes)
        } else if shift > 0, digits.first != ".", digits.last != ".", let number = Double(digits) {
            let bytes = number * Double(Int64(1) << shift)
            guard bytes < Double(Int64.max) else { return nil }
            self.init(bytes: Int64(bytes))
        } else {
            return nil
        }
    }

    /// The shortest exact form: `4G`, `1536M`, `1000`.
    package var description: String {
        for unit in Self.units where bytes != 0 && bytes % (1 << unit.shift) == 0 {
            return "\(bytes >> unit.shift)\(unit.suffix)"
        }
        return "\(bytes)"
    }

    package static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = ByteSize(parsing: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a size: \(text)"))
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
