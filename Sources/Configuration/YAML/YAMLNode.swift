/// A part of a YAML document, with its place in the file.
package struct YAMLNode: Sendable, Hashable {
    package indirect enum Content: Sendable, Hashable {
        /// In the order of the file, duplicates too.
        case mapping([Entry])
        case sequence([YAMLNode])
        /// `isPlain`: without quotes, so that `null`, `true` and numbers mean what they say.
        case scalar(String, isPlain: Bool)
    }

    package struct Entry: Sendable, Hashable {
        package var key: YAMLNode
        package var value: YAMLNode
    }

    package var content: Content
    /// From 1.
    package var line: Int
    package var column: Int

    /// What an error message calls it.
    var kind: String {
        switch content {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar where isNull: "nothing"
        case .scalar(let text, _): text.quoted
        }
    }

    var isNull: Bool {
        if case .scalar(let text, isPlain: true) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    var text: String? {
        if case .scalar(let text, _) = content { return text }
        return nil
    }
}
