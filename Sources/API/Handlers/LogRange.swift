/// What a Range header asks for of a log (RFC 9110, section 14). Pure.
enum LogRange: Hashable {
    /// No range, one of a unit or form that this server does not know, or several: all is sent.
    case whole
    case part(ClosedRange<Int64>)
    case unsatisfiable

    /// - Parameter size: the log's.
    init(_ header: String?, size: Int64) {
        self = .whole
        guard let header, header.lowercased().hasPrefix("bytes=") else { return }
        let text = header.dropFirst(6).filter { $0 != " " && $0 != "\t" }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return }
        // More digits than a number has are a place beyond every end.
        let numbers = ends.map { $0.isEmpty ? nil : Int64($0) ?? .max }
        switch (numbers[0], numbers[1]) {
        case (nil, nil): return
        case (nil, let last?): self = last == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - last)...size - 1)
        case (let first?, let last):
            if let last, last < first { return }
            self = first >= size ? .unsatisfiable : .part(first...min(last ?? .max, size - 1))
        }
    }
}
