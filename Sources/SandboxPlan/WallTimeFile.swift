/// The file in an attempt's directory by which the Launcher tells pid 1 of a longer wall-time limit: milliseconds from the
/// Script's start, and a newline.
package enum WallTimeFile {
    package static let name = "wall_time"

    package static func text(_ milliseconds: Int64) -> String { "\(milliseconds)\n" }

    /// nil for what is no such text.
    package static func limit(_ text: String) -> Int64? {
        guard text.last == "\n", let number = Int64(text.dropLast()), number > 0 else { return nil }
        return number
    }
}
