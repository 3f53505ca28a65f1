/// What the Launcher says of itself, and how: altp.yaml's `log`.
package struct LogSettings: Sendable, Hashable, Codable {
    package enum Format: String, Sendable, Hashable, Codable, CaseIterable {
        /// logfmt: `time level=… msg=… name=value …`
        case text
        /// An object a line.
        case json
    }

    /// Each with those after it.
    package enum Level: String, Sendable, Hashable, Codable, CaseIterable {
        case info, warning, error
    }

    package var format = Format.text
    package var level = Level.info

    package init() {}
}
