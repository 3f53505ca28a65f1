import Wire

/// What a field's type does not say about its content.
enum FieldCheck {
    /// A text that lists and logs show in one line.
    ///
    /// - Parameter limit: bytes of UTF-8.
    static func line(_ text: String?, _ field: String, limit: Int = 1000) throws(Problem) {
        guard let text else { return }
        guard text.utf8.count <= limit else { throw wrong(field, "must be at most \(limit) bytes long") }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw wrong(field, "must be one line without control characters")
        }
    }

    static func range(_ number: Double?, _ field: String, _ range: ClosedRange<Double>) throws(Problem) {
        guard let number, !range.contains(number) else { return }
        throw wrong(field, "must be from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
    }

    static func wrong(_ field: String, _ detail: String) -> Problem {
        Problems.invalid("\(field) \(detail)", errors: [.init(field: field, detail: detail)])
    }
}
