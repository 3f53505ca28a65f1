import Wire

/// `; did you mean NAME?` when a known name is near what was written, else nothing.
func suggestion(for written: String, among known: [String], prefix: String = "") -> String {
    nearest(to: written, among: known).map { "; did you mean \(prefix)\($0)?" } ?? ""
}
