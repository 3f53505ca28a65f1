/// What the formats know and this version cannot hold to yet. Saying so is better than a limit that is none.
enum NotYetEnforced {
    static let hostKeys = ["disk", "keep_free"]
    static let message = "cannot be enforced by this version of alt-processing; leave it out"
}
