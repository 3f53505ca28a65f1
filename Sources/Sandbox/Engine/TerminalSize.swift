/// The size of a terminal that a sandbox gets.
package struct TerminalSize: Sendable, Hashable {
    package var rows: UInt16
    package var columns: UInt16

    package init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}
