/// Rows under headings in capitals. On a terminal it keeps to the width by shortening its flexible columns;
/// in a pipe everything is complete.
package struct Table {
    package struct Column {
        package var heading: String
        package var alignsRight: Bool
        /// Least width when the terminal is narrow; nil for a column that is never shortened.
        package var flexible: Int?

        package init(_ heading: String, alignsRight: Bool = false, flexible: Int? = nil) {
            self.heading = heading
            self.alignsRight = alignsRight
            self.flexible = flexible
        }
    }

    package struct CellText: ExpressibleByStringInterpolation {
        var text: String
        var face: Style.Face?

        /// - Parameter text: of any origin; what is not printable is made so.
        package init(_ text: String, _ face: Style.Face? = nil) {
            self.text = Printable.line(text)
            self.face = face
        }
        package init(stringLiteral value: String) { self.init(value) }
    }

    package var columns: [Column]
    package private(set) var rows: [[CellText]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    /// - Precondition: as many cells as columns.
    package mutating func add(_ row: [CellText]) {
        precondition(row.count == columns.count)
        rows.append(row)
    }

    /// - Parameter width: the terminal's columns; nil for no limit.
    package func render(width: Int?, style: Style) -> String {
        let widths = fit(width)
        var result = line(columns.map { CellText($0.heading, .bold) }, widths, style)
        for row in rows { result += line(row, widths, style) }
        return result
    }

    private static let gap = 2

    private func fit(_ limit: Int?) -> [Int] {
        var widths = columns.indices.map { column in
            rows.reduce(DisplayWidth.of(columns[column].heading)) { max($0, DisplayWidth.of($1[column].text)) }
        }
        guard let limit else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - limit
        while excess > 0 {
            let candidates = columns.indices.filter { widths[$0] > columns[$0].flexible ?? .max }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [CellText], _ widths: [Int], _ style: Style) -> String {
        var parts: [String] = []
        for (index, cell) in cells.enumerated() {
            let text = DisplayWidth.truncate(cell.text, to: widths[index])
            let space = String(repeating: " ", count: widths[index] - DisplayWidth.of(text))
            let painted = style(text, cell.face)
            parts.append(columns[index].alignsRight ? space + painted : painted + space)
        }
        var result = parts.joined(separator: String(repeating: " ", count: Self.gap))
        while result.hasSuffix(" ") { result.removeLast() }
        return result + "\n"
    }
}
